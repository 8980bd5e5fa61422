#include "bindings/cli/demo_load.h"

#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "bindings/cli/demo_value.h"
#include "gtest/gtest.h"

namespace trivet::cli {
namespace {

constexpr size_t kRows = 50;

// A target that keeps rows in a map, and misbehaves as it is told.
class FakeTarget final : public DemoTarget {
 public:
  enum class Fault { kNone, kForgetsWrites, kForgetsInvalidations, kMixesRows, kLosesRows, kFails };

  FakeTarget(DemoData& data, Fault fault) : fault_(fault) {
    for (size_t row = 0; row < data.rows(); ++row) {
      EncodeDemoValue(row, data.ledger().Begin(row), &rows_[data.key(row)]);
      data.ledger().Acknowledge(row, 1);
    }
  }

  absl::StatusOr<bool> Read(const std::string& key, std::string* value) override {
    if (fault_ == Fault::kFails) return absl::UnavailableError("the fake is down");
    if (fault_ == Fault::kLosesRows) return false;
    const std::lock_guard lock(mutex_);
    *value = fault_ == Fault::kMixesRows ? rows_.begin()->second : rows_[key];
    return true;
  }

  absl::Status Write(const std::string& key, const std::string& value) override {
    return fault_ == Fault::kForgetsWrites ? absl::OkStatus() : Store(key, value);
  }

  absl::Status WriteBehind(const std::string& key, const std::string& value) override {
    return fault_ == Fault::kForgetsInvalidations ? absl::OkStatus() : Store(key, value);
  }

 private:
  absl::Status Store(const std::string& key, const std::string& value) {
    const std::lock_guard lock(mutex_);
    rows_[key] = value;
    return absl::OkStatus();
  }

  const Fault fault_;
  std::mutex mutex_;
  std::map<std::string, std::string> rows_;
};

absl::StatusOr<DemoLoadFigures> RunWith(FakeTarget::Fault fault) {
  DemoData data(kRows, 1);
  FakeTarget target(data, fault);
  double done = 0;
  absl::StatusOr<DemoLoadFigures> figures = RunLoad(
      target, data,
      {.duration = absl::Milliseconds(150), .readers = 2, .write_pause = absl::Microseconds(10)},
      [&done](double now) {
        EXPECT_GE(now, done);
        EXPECT_LE(now, 1.0);
        done = now;
      });
  return figures;
}

TEST(RunLoad, AnHonestTargetPasses) {
  const auto figures = RunWith(FakeTarget::Fault::kNone);
  ASSERT_TRUE(figures.ok()) << figures.status();
  EXPECT_GT(figures->reads, 0u);
  EXPECT_EQ(figures->read_ns.count(), figures->reads);
  EXPECT_GT(figures->writes, 0u);
  EXPECT_GT(figures->writes_behind, 0u);
  EXPECT_EQ(figures->stale, 0u);
  EXPECT_EQ(figures->wrong, 0u);
  EXPECT_GE(figures->time, absl::Milliseconds(150));
}

TEST(RunLoad, ForgottenWritesAreStaleReads) {
  const auto figures = RunWith(FakeTarget::Fault::kForgetsWrites);
  ASSERT_TRUE(figures.ok());
  EXPECT_GT(figures->stale, 0u);
  EXPECT_EQ(figures->wrong, 0u);
}

TEST(RunLoad, ForgottenInvalidationsAreStaleReads) {
  const auto figures = RunWith(FakeTarget::Fault::kForgetsInvalidations);
  ASSERT_TRUE(figures.ok());
  EXPECT_GT(figures->stale, 0u);
  EXPECT_EQ(figures->wrong, 0u);
}

TEST(RunLoad, AnotherRowsValueIsWrong) {
  const auto figures = RunWith(FakeTarget::Fault::kMixesRows);
  ASSERT_TRUE(figures.ok());
  EXPECT_GT(figures->wrong, 0u);
}

TEST(RunLoad, AMissingRowIsWrong) {
  const auto figures = RunWith(FakeTarget::Fault::kLosesRows);
  ASSERT_TRUE(figures.ok());
  EXPECT_EQ(figures->wrong, figures->reads);
}

TEST(RunLoad, AnErrorEndsIt) {
  const auto figures = RunWith(FakeTarget::Fault::kFails);
  EXPECT_TRUE(absl::IsUnavailable(figures.status())) << figures.status();
}

}  // namespace
}  // namespace trivet::cli
