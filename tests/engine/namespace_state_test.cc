#include "engine/namespace_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/support/status_matchers.h"

namespace trivet::engine {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::IsOkAndHolds;
using ::testing::Not;
using testing::StatusIs;

TEST(NamespaceState, ClearIsAnotherEpoch) {
  NamespaceState space(3, "users", {});
  EXPECT_EQ(space.id(), 3u);
  EXPECT_EQ(space.name(), "users");
  EXPECT_EQ(space.epoch(), 0u);
  space.NextEpoch();
  EXPECT_EQ(space.epoch(), 1u);
}

TEST(NamespaceTable, AnswersTheSameForTheSameName) {
  NamespaceTable table;
  const auto users = table.Open("users", {}, false);
  ASSERT_THAT(users, IsOk());
  EXPECT_THAT(table.Open("users", {}, false), IsOkAndHolds(*users));
  EXPECT_THAT(table.Open("orders", {}, false), IsOkAndHolds(Not(*users)));
}

TEST(NamespaceTable, NamesAreBytes) {
  NamespaceTable table;
  const auto one = table.Open(std::string_view("a\0b", 3), {}, false);
  ASSERT_THAT(one, IsOk());
  EXPECT_EQ((*one)->name(), std::string_view("a\0b", 3));
  EXPECT_THAT(table.Open("a", {}, false), IsOkAndHolds(Not(*one)));
}

TEST(NamespaceTable, TheFirstOpenChoosesTheOptions) {
  NamespaceTable table;
  const NamespaceOptions options{.ttl = absl::Minutes(1)};
  ASSERT_THAT(table.Open("users", options, true), IsOk());
  EXPECT_THAT(table.Open("users", options, true), IsOk());
  const auto by_name = table.Open("users", {}, false);
  ASSERT_THAT(by_name, IsOk());
  EXPECT_EQ((*by_name)->options(), options);
  EXPECT_THAT(table.Open("users", {}, true),
              StatusIs(absl::StatusCode::kFailedPrecondition, Not(HasSubstr("users"))));
}

TEST(NamespaceTable, NumbersThemInOrder) {
  NamespaceTable table;
  for (const char* name : {"c", "a", "b", "a"}) ASSERT_THAT(table.Open(name, {}, false), IsOk());
  const std::vector<NamespaceState*> all = table.All();
  ASSERT_EQ(all.size(), 3u);
  for (size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i]->id(), i);
  EXPECT_EQ(all[0]->name(), "c");
  EXPECT_EQ(all[2]->name(), "b");
}

TEST(NamespaceTable, RefusesOneMoreThanTheMost) {
  NamespaceTable table;
  for (size_t i = 0; i < kNamespacesMax; ++i) {
    ASSERT_THAT(table.Open(std::to_string(i), {}, false), IsOk());
  }
  EXPECT_THAT(table.Open("one more", {}, false),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("100000")));
  EXPECT_THAT(table.Open("7", {}, false), IsOk()) << "those that are open stay usable";
}

TEST(NamespaceTable, ThreadsGetTheSameOne) {
  NamespaceTable table;
  std::vector<std::thread> threads;
  std::vector<NamespaceState*> found(4);
  for (size_t i = 0; i < found.size(); ++i) {
    threads.emplace_back([&, i] {
      for (int turn = 0; turn < 100; ++turn) {
        ASSERT_THAT(table.Open(std::to_string(turn), {}, false), IsOk());
      }
      found[i] = *table.Open("shared", {}, false);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(std::set<NamespaceState*>(found.begin(), found.end()).size(), 1u);
  EXPECT_EQ(table.All().size(), 101u);
}

}  // namespace
}  // namespace trivet::engine
