// A program changes its own tables, and nobody shows what was there before.
#include "trivet/sqlite_transaction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <memory>
#include <string>
#include <utility>

#include "tests/store/raw_database.h"
#include "tests/store/temp_folder.h"
#include "tests/support/fake_shared_tier.h"
#include "tests/support/faulty_shared_tier.h"
#include "tests/support/status_matchers.h"
#include "trivet/cache.h"
#include "trivet/clock.h"
#include "trivet/sqlite_backing.h"

namespace trivet::testing {
namespace {

using enum absl::StatusCode;

// A cache and a program over one file.
class SqliteTransactionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = OpenSqlite({.path = file_, .clock = &clock_});
    ASSERT_TRUE(opened.ok()) << opened.status();
    store_ = *std::move(opened);
    program_ = std::make_unique<RawDatabase>(file_);
    program_->Run("CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT)");
    program_->Run("INSERT INTO products VALUES (1, 'lamp'), (2, 'rope')");
    sqlite3_busy_timeout(program_->get(), 0);
  }

  void Open(std::shared_ptr<SharedTier> shared) {
    CacheOptions options;
    options.memory_bytes = 1 << 20;
    options.background_maintenance = false;
    options.backing = store_;
    options.shared = std::move(shared);
    options.clock = &clock_;
    auto cache = Cache::Open(std::move(options));
    ASSERT_TRUE(cache.ok()) << cache.status();
    cache_ = *std::move(cache);
    products();
    cache_->Maintain(1);
  }

  Namespace products() { return cache_->In("products", {.use_backing = false}); }

  std::string Name(const std::string& id) {
    const auto found = products().GetOrLoad(id, [&](Load& load) -> Loaded {
      load.AddTag("all");
      return program_->Ask("SELECT name FROM products WHERE id = " + id);
    });
    return found.ok() ? std::string(found->bytes()) : found.status().ToString();
  }

  SqliteTransaction Begin() {
    auto begun = SqliteTransaction::Begin(program_->get());
    EXPECT_TRUE(begun.ok()) << begun.status();
    return *std::move(begun);
  }

  size_t LoggedRows() { return store_->ReadChangeLog(100)->size(); }

  TempFolder folder_;
  const std::string file_ = folder_.File("test.db");
  ManualClock clock_;
  FakeSharedServer server_{&clock_, {}};
  FakeSharedTier fake_{&server_};
  std::shared_ptr<FaultySharedTier> line_ = std::make_shared<FaultySharedTier>(&fake_);
  std::shared_ptr<Backing> store_;
  std::unique_ptr<RawDatabase> program_;
  std::unique_ptr<Cache> cache_;
};

TEST_F(SqliteTransactionTest, WhatIsCommittedIsShownAtOnce) {
  Open(nullptr);
  EXPECT_EQ(Name("1"), "lamp");
  SqliteTransaction transaction = Begin();
  program_->Run("UPDATE products SET name = 'torch' WHERE id = 1");
  EXPECT_THAT(transaction.InvalidateOnCommit(products(), "1"), IsOk());
  Coherence told = Coherence::kDeferred;
  EXPECT_THAT(transaction.Commit(&told), IsOk());
  EXPECT_EQ(told, Coherence::kLocal);
  EXPECT_EQ(Name("1"), "torch");
  EXPECT_EQ(LoggedRows(), 0U);  // nobody would take it away
}

TEST_F(SqliteTransactionTest, WhatIsRolledBackInvalidatesNothing) {
  Open(line_);
  EXPECT_EQ(Name("1"), "lamp");
  {
    SqliteTransaction transaction = Begin();
    program_->Run("UPDATE products SET name = 'torch' WHERE id = 1");
    EXPECT_THAT(transaction.InvalidateOnCommit(products(), "1"), IsOk());
  }
  EXPECT_TRUE(products().Find("1"));
  EXPECT_EQ(LoggedRows(), 0U);
  SqliteTransaction transaction = Begin();
  EXPECT_THAT(transaction.ClearOnCommit(products()), IsOk());
  transaction.Rollback();
  EXPECT_TRUE(products().Find("1"));
  EXPECT_THAT(transaction.Commit(), StatusIs(kFailedPrecondition));
  EXPECT_THAT(transaction.InvalidateOnCommit(products(), "1"), StatusIs(kFailedPrecondition));
}

TEST_F(SqliteTransactionTest, OthersAreToldAndTheRowsGo) {
  Open(line_);
  EXPECT_EQ(Name("1"), "lamp");
  EXPECT_EQ(Name("2"), "rope");
  SqliteTransaction transaction = Begin();
  program_->Run("UPDATE products SET name = name || '!'");
  EXPECT_THAT(transaction.InvalidateOnCommit(products(), "1"), IsOk());
  EXPECT_THAT(transaction.InvalidateTagOnCommit(products(), "all"), IsOk());
  Coherence told = Coherence::kLocal;
  EXPECT_THAT(transaction.Commit(&told), IsOk());
  EXPECT_EQ(told, Coherence::kApplied);
  EXPECT_EQ(LoggedRows(), 0U);
  EXPECT_EQ(Name("1"), "lamp!");
  EXPECT_EQ(Name("2"), "rope!");
}

TEST_F(SqliteTransactionTest, WhatOthersCouldNotBeToldStaysInTheLog) {
  Open(line_);
  EXPECT_EQ(Name("1"), "lamp");
  SqliteTransaction transaction = Begin();
  program_->Run("UPDATE products SET name = 'torch' WHERE id = 1");
  EXPECT_THAT(transaction.InvalidateOnCommit(products(), "1"), IsOk());
  line_->FailAll(absl::UnavailableError("cut"));
  Coherence told = Coherence::kLocal;
  EXPECT_THAT(transaction.Commit(&told), IsOk());
  EXPECT_EQ(told, Coherence::kDeferred);
  EXPECT_EQ(LoggedRows(), 1U);
  EXPECT_EQ(Name("1"), "torch");
}

TEST_F(SqliteTransactionTest, ALockedDatabaseMayBeTriedAgain) {
  Open(line_);
  SqliteTransaction transaction = Begin();
  EXPECT_THAT(SqliteTransaction::Begin(program_->get()), StatusIs(kFailedPrecondition));
  RawDatabase other(file_);
  sqlite3_busy_timeout(other.get(), 0);
  EXPECT_THAT(SqliteTransaction::Begin(other.get()), StatusIs(kUnavailable));
  transaction.Rollback();
  EXPECT_TRUE(SqliteTransaction::Begin(other.get()).ok());
}

TEST_F(SqliteTransactionTest, BadNamesAreRefused) {
  Open(line_);
  SqliteTransaction transaction = Begin();
  EXPECT_THAT(transaction.InvalidateOnCommit(products(), ""), StatusIs(kInvalidArgument));
  EXPECT_THAT(transaction.InvalidateOnCommit(Namespace(cache_->In("")), "1"),
              StatusIs(kInvalidArgument));
}

}  // namespace
}  // namespace trivet::testing
