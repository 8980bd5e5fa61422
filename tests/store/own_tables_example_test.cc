// The example of docs/own-tables.md, compiled and run.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tests/support/doc_excerpt.h"
#include "trivet/cache.h"

namespace trivet {
namespace {

// clang-format off
// [own-tables]
// The program's table: products (id INTEGER PRIMARY KEY, shop INTEGER, name TEXT).
class Products {
 public:
  Products(sqlite3* database, trivet::Cache& cache)
      : database_(database),
        cached_(cache.In("products", {.ttl = absl::Minutes(10), .use_backing = false})) {}

  // From memory, or by SQL; nullopt: there is no such product.
  absl::StatusOr<std::optional<std::string>> Name(int64_t id) {
    absl::StatusOr<trivet::Result> found = cached_.GetOrLoad(
        std::to_string(id), [&](trivet::Load& load) { return SelectName(id, load); });
    if (!found.ok()) return found.status();
    if (!*found) return std::nullopt;
    return std::string(found->bytes());
  }

  // The truth first, then the copy.
  absl::Status Rename(int64_t id, std::string_view name) {
    Statement update(database_, "UPDATE products SET name = ?2 WHERE id = ?1");
    sqlite3_bind_int64(update.get(), 1, id);
    sqlite3_bind_text(update.get(), 2, name.data(), static_cast<int>(name.size()), SQLITE_STATIC);
    if (sqlite3_step(update.get()) != SQLITE_DONE) return absl::InternalError("products: update");
    return cached_.Invalidate(std::to_string(id));
  }

  // One statement changes many rows; one tag names all their copies.
  absl::Status CloseShop(int64_t shop) {
    Statement remove(database_, "DELETE FROM products WHERE shop = ?1");
    sqlite3_bind_int64(remove.get(), 1, shop);
    if (sqlite3_step(remove.get()) != SQLITE_DONE) return absl::InternalError("products: delete");
    return cached_.InvalidateTag("shop:" + std::to_string(shop));
  }

 private:
  class Statement {
   public:
    Statement(sqlite3* database, const char* sql) {
      sqlite3_prepare_v2(database, sql, -1, &statement_, nullptr);
    }
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;
    ~Statement() { sqlite3_finalize(statement_); }
    sqlite3_stmt* get() const { return statement_; }

   private:
    sqlite3_stmt* statement_ = nullptr;
  };

  trivet::Loaded SelectName(int64_t id, trivet::Load& load) {
    Statement select(database_, "SELECT name, shop FROM products WHERE id = ?1");
    sqlite3_bind_int64(select.get(), 1, id);
    const int code = sqlite3_step(select.get());
    if (code == SQLITE_DONE) return std::nullopt;
    if (code != SQLITE_ROW) return absl::InternalError("products: select");
    load.AddTag("shop:" + std::to_string(sqlite3_column_int64(select.get(), 1)));
    return std::string(reinterpret_cast<const char*>(sqlite3_column_text(select.get(), 0)));
  }

  sqlite3* database_;
  trivet::Namespace cached_;
};
// [/own-tables]
// clang-format on

class OwnTablesExample : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(sqlite3_open(":memory:", &database_), SQLITE_OK);
    Run("CREATE TABLE products (id INTEGER PRIMARY KEY, shop INTEGER NOT NULL, name TEXT NOT "
        "NULL)");
    Run("INSERT INTO products VALUES (1, 7, 'lamp'), (2, 7, 'chair'), (3, 8, 'table')");
    auto cache = Cache::Open({.memory_bytes = 1 << 20});
    ASSERT_TRUE(cache.ok()) << cache.status();
    cache_ = *std::move(cache);
    products_.emplace(database_, *cache_);
  }

  void TearDown() override {
    products_.reset();
    cache_.reset();
    sqlite3_close(database_);
  }

  void Run(const char* sql) {
    ASSERT_EQ(sqlite3_exec(database_, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sql;
  }

  std::string Name(int64_t id) {
    const auto name = products_->Name(id);
    return name.ok() ? name->value_or("-") : name.status().ToString();
  }

  sqlite3* database_ = nullptr;
  std::unique_ptr<Cache> cache_;
  std::optional<Products> products_;
};

TEST_F(OwnTablesExample, ReadsOnceAndThenFromMemory) {
  EXPECT_EQ(Name(1), "lamp");
  Run("UPDATE products SET name = 'changed behind the back of the cache'");
  EXPECT_EQ(Name(1), "lamp");
  EXPECT_EQ(cache_->stats().loads, 1);
}

TEST_F(OwnTablesExample, ARenamedProductIsReadAnew) {
  EXPECT_EQ(Name(1), "lamp");
  ASSERT_TRUE(products_->Rename(1, "torch").ok());
  EXPECT_EQ(Name(1), "torch");
}

TEST_F(OwnTablesExample, AClosedShopTakesItsProductsAlong) {
  EXPECT_EQ(Name(1), "lamp");
  EXPECT_EQ(Name(2), "chair");
  EXPECT_EQ(Name(3), "table");
  ASSERT_TRUE(products_->CloseShop(7).ok());
  EXPECT_EQ(Name(1), "-");
  EXPECT_EQ(Name(2), "-");
  EXPECT_EQ(Name(3), "table");
  EXPECT_EQ(cache_->stats().loads, 5);
}

TEST_F(OwnTablesExample, WhatIsNotThereIsAMissAndAnErrorIsAnError) {
  EXPECT_EQ(Name(99), "-");
  Run("DROP TABLE products");
  EXPECT_EQ(Name(98), "INTERNAL: products: select");
}

TEST_F(OwnTablesExample, IsWhatTheDocsShow) {
  EXPECT_EQ(testing::CodeOf("docs/own-tables.md"),
            testing::ExcerptOf("tests/store/own_tables_example_test.cc", "own-tables"));
}

}  // namespace
}  // namespace trivet
