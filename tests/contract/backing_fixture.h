// The world of the tests of a Backing: one backing of the implementation that is tested, on a clock
// that they move.
#ifndef TRIVET_TESTS_CONTRACT_BACKING_FIXTURE_H_
#define TRIVET_TESTS_CONTRACT_BACKING_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/backing_rows.h"
#include "trivet/backing.h"
#include "trivet/clock.h"

namespace trivet::testing {

// Makes a new, empty backing on that clock. Whatever it needs goes with it.
struct BackingMaker {
  std::function<std::shared_ptr<Backing>(Clock*)> make;
};

// Helpers that say "users" and fail the test on errors, so that the stories below stay short.
class BackingContract : public ::testing::TestWithParam<BackingMaker> {
 protected:
  using Keys = std::vector<std::string_view>;

  void SetUp() override {
    backing_ = GetParam().make(&clock_);
    ASSERT_NE(backing_, nullptr);
  }

  StoreWritten Write(const StoreWrite& write, std::string_view space = "users",
                     uint64_t ticket = kUnlogged) {
    auto written = backing_->Write(space, {&write, 1}, ticket);
    EXPECT_TRUE(written.ok()) << written.status();
    EXPECT_EQ(written.ok() ? written->size() : 0, 1);
    return written.ok() && written->size() == 1 ? written->front() : StoreWritten{};
  }

  StoreWritten Set(std::string_view key, std::string_view value,
                   std::vector<std::string> tags = {}) {
    return Write(TaggedRow(key, value, tags));
  }

  StoreWritten SetFor(absl::Duration ttl, std::string_view key, std::string_view value,
                      std::vector<std::string> tags = {}) {
    return Write({.key = key, .value = value, .expires_at = clock_.WallTime() + ttl, .tags = tags});
  }

  std::optional<StoredValue> Read(std::string_view key, std::string_view space = "users") {
    auto read = backing_->Read(space, key);
    EXPECT_TRUE(read.ok()) << read.status();
    return read.ok() ? *read : std::nullopt;
  }

  // The value, or "-" if there is no row.
  std::string Get(std::string_view key, std::string_view space = "users") {
    return ValueOf(Read(key, space));
  }

  static std::string ValueOf(const std::optional<StoredValue>& row) {
    return row.has_value() ? row->value : "-";
  }

  static std::vector<std::string> ValuesOf(
      const absl::StatusOr<std::vector<std::optional<StoredValue>>>& rows) {
    if (!rows.ok()) return {rows.status().ToString()};
    std::vector<std::string> values;
    for (const auto& row : *rows) values.push_back(ValueOf(row));
    return values;
  }

  std::vector<std::string> GetMany(const Keys& keys) {
    return ValuesOf(backing_->ReadMany("users", keys));
  }

  std::vector<std::string> Delete(const Keys& keys) {
    return ValuesOf(backing_->Delete("users", keys));
  }

  bool Touch(std::string_view key, absl::Duration ttl) {
    auto touched = backing_->Touch("users", key, clock_.WallTime() + ttl);
    EXPECT_TRUE(touched.ok()) << touched.status();
    return touched.ok() && *touched;
  }

  uint64_t DeleteTag(std::string_view tag) {
    auto deleted = backing_->DeleteTag("users", tag);
    EXPECT_TRUE(deleted.ok()) << deleted.status();
    return deleted.ok() ? *deleted : 0;
  }

  // The change log, a row as TextOf() has it.
  std::vector<std::string> Log(size_t rows_max = 1000) { return LogOf(*backing_, rows_max); }

  void Trim(const std::vector<uint64_t>& tickets) {
    const absl::Status status = backing_->TrimChangeLog(tickets);
    EXPECT_TRUE(status.ok()) << status;
  }

  bool Sweep(size_t rows_max) {
    auto more = backing_->Sweep(rows_max);
    EXPECT_TRUE(more.ok()) << more.status();
    return more.ok() && *more;
  }

  ManualClock clock_;
  std::shared_ptr<Backing> backing_;
};

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_CONTRACT_BACKING_FIXTURE_H_
