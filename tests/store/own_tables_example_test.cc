// The example of docs/own-tables.md, compiled and run.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tests/store/raw_database.h"
#include "tests/store/temp_folder.h"
#include "tests/support/doc_excerpt.h"
#include "trivet/append_change.h"
#include "trivet/cache.h"
#include "trivet/sqlite_backing.h"
#include "trivet/sqlite_transaction.h"

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

absl::Status Run(sqlite3* database, const char* sql) {
  const int code = sqlite3_exec(database, sql, nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : absl::InternalError(sqlite3_errmsg(database));
}

absl::Status UpdateName(sqlite3* database, int64_t id, const std::string& name) {
  const std::string sql =
      "UPDATE products SET name = '" + name + "' WHERE id = " + std::to_string(id);
  return Run(database, sql.c_str());
}

// clang-format off
// [own-tables-committed]
// What it names is invalidated after the COMMIT, here and in all other processes, and by them even
// if this one dies in between. `database` is open on the file of the store.
absl::Status RenameInTransaction(sqlite3* database, const trivet::Namespace& cached, int64_t id,
                                 const std::string& name) {
  absl::StatusOr<trivet::SqliteTransaction> transaction =
      trivet::SqliteTransaction::Begin(database);
  if (!transaction.ok()) return transaction.status();
  absl::Status status = UpdateName(database, id, name);
  if (status.ok()) status = transaction->InvalidateOnCommit(cached, std::to_string(id));
  return status.ok() ? transaction->Commit() : status;  // else it is rolled back
}
// [/own-tables-committed]

// [own-tables-logged]
// The row in the change log is committed with the UPDATE, or not at all. `database` is open on the
// file of the store, where the table products lies as well.
absl::Status RenameForAll(sqlite3* database, trivet::Namespace& cached, int64_t id,
                          const std::string& name) {
  const std::string key = std::to_string(id);
  absl::Status status = Run(database, "BEGIN IMMEDIATE");
  if (!status.ok()) return status;
  status = UpdateName(database, id, name);
  if (status.ok()) {
    status = trivet::AppendChange(database, "products", trivet::LoggedChange::Kind::kKey, key);
  }
  if (status.ok()) status = Run(database, "COMMIT");
  if (!status.ok()) {
    Run(database, "ROLLBACK").IgnoreError();
    return status;
  }
  return cached.Invalidate(key);
}
// [/own-tables-logged]
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

TEST_F(OwnTablesExample, ALoggedChangeIsCommittedWithItsRowOrNotAtAll) {
  testing::TempFolder folder;
  const std::string file = folder.File("app.db");
  auto store = OpenSqlite({.path = file});
  ASSERT_TRUE(store.ok()) << store.status();
  testing::RawDatabase database(file);
  database.Run(
      "CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT CHECK (name <> ''));"
      "INSERT INTO products VALUES (1, 'lamp')");
  Namespace cached = cache_->In("products");

  EXPECT_TRUE(RenameInTransaction(database.get(), cached, 1, "candle").ok());
  EXPECT_FALSE(RenameInTransaction(database.get(), cached, 1, "").ok());
  EXPECT_EQ(database.Ask("SELECT name FROM products"), "candle");
  EXPECT_TRUE(RenameForAll(database.get(), cached, 1, "torch").ok());
  EXPECT_FALSE(RenameForAll(database.get(), cached, 1, "").ok());
  EXPECT_EQ(database.Ask("SELECT name FROM products"), "torch");
  const auto changes = (*store)->ReadChangeLog(10);
  ASSERT_TRUE(changes.ok()) << changes.status();
  ASSERT_EQ(changes->size(), 1);
  EXPECT_EQ(changes->front().namespace_name, "products");
  EXPECT_EQ(changes->front().name, "1");
}

TEST_F(OwnTablesExample, IsWhatTheDocsShow) {
  const std::string source = "tests/store/own_tables_example_test.cc";
  EXPECT_EQ(testing::CodeOf("docs/own-tables.md"),
            testing::ExcerptOf(source, "own-tables") +
                testing::ExcerptOf(source, "own-tables-committed") +
                testing::ExcerptOf(source, "own-tables-logged"));
}

}  // namespace
}  // namespace trivet
