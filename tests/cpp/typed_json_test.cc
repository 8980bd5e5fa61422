// The example of docs/typed.md with a JSON codec, compiled and run in front of SQLite.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "nlohmann/json.hpp"
#include "tests/store/temp_folder.h"
#include "tests/support/doc_excerpt.h"
#include "tests/support/status_matchers.h"
#include "trivet/open.h"
#include "trivet/typed.h"

namespace trivet {
namespace {

using testing::IsOk;
using testing::StatusIs;

// [codec]
struct User {
  std::string name;
  int visits = 0;
  NLOHMANN_DEFINE_TYPE_INTRUSIVE(User, name, visits)
};

struct UserCodec {
  static size_t Bytes(const User& user) { return sizeof(User) + user.name.capacity(); }
  static absl::StatusOr<std::string> Encode(const User& user) {
    return nlohmann::json(user).dump();
  }
  static absl::StatusOr<User> Decode(std::string_view bytes) {
    return nlohmann::json::parse(bytes).get<User>();  // what it throws becomes a status
  }
};
// [/codec]

class TypedJson : public ::testing::Test {
 protected:
  std::unique_ptr<Cache> OpenCache() {
    auto cache = Open({.memory_bytes = 8 << 20, .store = "sqlite:" + folder_.File("app.db")});
    EXPECT_THAT(cache, IsOk());
    return cache.ok() ? *std::move(cache) : nullptr;
  }

  testing::TempFolder folder_;
};

TEST_F(TypedJson, Runs) {
  const std::unique_ptr<Cache> cache = OpenCache();
  ASSERT_NE(cache, nullptr);
  std::string greeting;
  const auto greet = [&greeting](const std::string& name) { greeting = "Hello, " + name; };
  // clang-format off
  // [use]
  trivet::Typed<User, UserCodec> users(cache->In("users", {.ttl = absl::Minutes(10)}));
  auto set = users.Set("42", {.name = "Ada", .visits = 1}, {.tags = {"org:7"}});  // the store gets JSON
  users.Visit("42", [&](const User& user) { greet(user.name); });           // where it lies: no lock, nothing decoded
  if (trivet::TypedValue<User> user = users.Find("42")) greet(user->name);  // pins the object
  auto got = users.Get("42");                                               // memory, or the store's JSON decoded once
  auto gone = users.view().InvalidateTag("org:7");                          // what is not about values is the namespace's
  // [/use]
  // clang-format on
  EXPECT_THAT(users.status(), IsOk());
  EXPECT_THAT(set, IsOk());
  EXPECT_EQ(greeting, "Hello, Ada");
  ASSERT_THAT(got, IsOk());
  EXPECT_EQ(got->tier, Tier::kMemory);
  EXPECT_THAT(gone, IsOk());
  EXPECT_FALSE(users.Find("42"));
  got = users.Get("42");
  ASSERT_THAT(got, IsOk());
  EXPECT_EQ(got->tier, Tier::kStore);
  EXPECT_EQ(got->value->name, "Ada");
  EXPECT_EQ(got->value->visits, 1);
}

TEST_F(TypedJson, WhatTheCodecThrowsIsAnError) {
  // An older version of the program wrote something else.
  std::unique_ptr<Cache> cache = OpenCache();
  ASSERT_NE(cache, nullptr);
  ASSERT_THAT(cache->In("users").Set("42", "Ada"), IsOk());
  cache.reset();
  cache = OpenCache();
  ASSERT_NE(cache, nullptr);
  Typed<User, UserCodec> users(cache->In("users"));
  EXPECT_THAT(users.Get("42"), StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT(users.Set("43", {.name = "\xff is not UTF-8"}),
              StatusIs(absl::StatusCode::kInternal));
  EXPECT_FALSE(users.Find("43"));
}

TEST_F(TypedJson, IsWhatThePageShows) {
  EXPECT_EQ(testing::CodeOf("docs/typed.md"),
            testing::ExcerptOf("tests/cpp/typed_json_test.cc", "codec") +
                testing::ExcerptOf("tests/cpp/typed_json_test.cc", "use") +
                testing::ExcerptOf("tests/cpp/typed_protobuf_test.cc", "protobuf"));
}

}  // namespace
}  // namespace trivet
