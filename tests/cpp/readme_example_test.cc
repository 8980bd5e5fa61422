// The example of README.md, compiled and run.
#include <gtest/gtest.h>

#include <filesystem>
#include <iostream>
#include <memory>
#include <string>

#include "tests/support/doc_excerpt.h"
#include "trivet/open.h"

namespace trivet {
namespace {

int fetched = 0;

absl::StatusOr<std::string> FetchProfile(const std::string& id) {
  ++fetched;
  return "profile of " + id;
}

int Fail(const absl::Status& status) {
  ADD_FAILURE() << status;
  return 1;
}

int Example() {
  // clang-format off
  // [readme]
  absl::StatusOr<std::unique_ptr<trivet::Cache>> cache =
      trivet::Open({.memory_bytes = 64 << 20, .store = "sqlite:app.db"});
  if (!cache.ok()) return Fail(cache.status());
  trivet::Namespace users = (*cache)->In("users", {.ttl = absl::Minutes(10)});
  if (auto set = users.Set("42", "Ada", {.tags = {"org:7"}}); !set.ok()) return Fail(set.status());
  if (trivet::Value name = users.Find("42")) std::cout << name.bytes() << "\n";  // memory only, pins the bytes
  auto profile = users.GetOrLoad("profile:42", [](trivet::Load& load) -> absl::StatusOr<std::string> {
    load.AddTag("org:7");
    return FetchProfile("42");
  });
  if (absl::Status s = users.InvalidateTag("org:7"); !s.ok()) return Fail(s);  // both are gone, for every reader
  // [/readme]
  // clang-format on
  EXPECT_TRUE(profile.ok()) << profile.status();
  EXPECT_EQ(profile->bytes(), "profile of 42");
  EXPECT_FALSE(users.Find("42"));
  EXPECT_FALSE(users.Find("profile:42"));
  EXPECT_EQ(users.Get("42")->bytes(), "Ada");  // the store still has it
  profile = Result();
  return 0;
}

TEST(ReadmeExample, Runs) {
  const std::filesystem::path folder =
      std::filesystem::path(::testing::TempDir()) / "trivet_readme_example";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  std::filesystem::current_path(folder);
  EXPECT_EQ(Example(), 0);
  EXPECT_EQ(fetched, 1);
  std::filesystem::current_path(folder.parent_path());
  std::filesystem::remove_all(folder);
}

TEST(ReadmeExample, IsWhatReadmeShows) {
  EXPECT_EQ(testing::CodeOf("README.md"),
            testing::ExcerptOf("tests/cpp/readme_example_test.cc", "readme"));
}

}  // namespace
}  // namespace trivet
