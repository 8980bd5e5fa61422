// What callers should not hand over: each operation refuses it, names what is wrong, and repeats
// neither key nor value.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/engine/cache_fixture.h"
#include "tests/support/status_matchers.h"
#include "trivet/cache.h"

namespace trivet {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;
using ::testing::StartsWith;
using testing::StatusIs;
using testing::Text;

// An InvalidArgument that names `field`, with nothing of what the tests below hand over.
auto Blames(const std::string& field) {
  return StatusIs(absl::StatusCode::kInvalidArgument,
                  AllOf(StartsWith(field), Not(HasSubstr("KKK")), Not(HasSubstr("VVV"))));
}

struct Operation {
  const char* name;
  std::function<absl::Status(Namespace&, std::string_view key)> run;
};
std::vector<Operation> AllThatTakeAKey() {
  using View = std::string_view;
  return {
      {"Get", [](Namespace& n, View key) { return n.Get(key).status(); }},
      {"GetOrLoad",
       [](Namespace& n, View key) {
         return n
             .GetOrLoad(key,
                        [](Load&) -> Loaded {
                          ADD_FAILURE() << "not with such a key";
                          return std::nullopt;
                        })
             .status();
       }},
      {"MGet",
       [](Namespace& n, View key) {
         return n.MGet({&key, 1}).front().status();
       }},
      {"Has", [](Namespace& n, View key) { return n.Has(key).status(); }},
      {"Ttl", [](Namespace& n, View key) { return n.Ttl(key).status(); }},
      {"Set", [](Namespace& n, View key) { return n.Set(key, "VVV").status(); }},
      {"MSet",
       [](Namespace& n, View key) {
         const Namespace::Item items[] = {{"good", "VVV"}, {key, "VVV"}};
         return n.MSet(items).status();
       }},
      {"Delete", [](Namespace& n, View key) { return n.Delete(key).status(); }},
      {"MDelete",
       [](Namespace& n, View key) {
         const View keys[] = {"good", key};
         return n.MDelete(keys).status();
       }},
      {"Take", [](Namespace& n, View key) { return n.Take(key).status(); }},
      {"Increment", [](Namespace& n, View key) { return n.Increment(key).status(); }},
      {"Touch", [](Namespace& n, View key) { return n.Touch(key, absl::Seconds(1)).status(); }},
      {"Invalidate", [](Namespace& n, View key) { return n.Invalidate(key); }},
      {"MInvalidate",
       [](Namespace& n, View key) {
         return n.MInvalidate({&key, 1});
       }},
  };
}

// The parameter: whether there is a store.
class BadInputTest : public testing::StoreFixture, public ::testing::WithParamInterface<bool> {
 protected:
  void SetUp() override { Open({.value_bytes_max = 1000}); }
  Namespace users() { return cache_->In("users", {.use_backing = GetParam()}); }
};

INSTANTIATE_TEST_SUITE_P(MemoryAndStore, BadInputTest, ::testing::Bool(),
                         [](const auto& with_store) {
                           return with_store.param ? "WithStore" : "MemoryOnly";
                         });

TEST_P(BadInputTest, KeysHaveALength) {
  Namespace view = users();
  for (const std::string& key : {std::string(), std::string(kKeyBytesMax + 1, 'K')}) {
    for (const Operation& operation : AllThatTakeAKey()) {
      EXPECT_THAT(operation.run(view, key), Blames("key:")) << operation.name;
    }
    std::string out = "unchanged";
    EXPECT_FALSE(view.Find(key));
    EXPECT_FALSE(view.FindInto(key, &out));
    EXPECT_FALSE(view.Visit(key, [](std::string_view) { ADD_FAILURE(); }));
    EXPECT_EQ(out, "unchanged");
  }
  EXPECT_EQ(TakeCalls(), 0u) << "and the store is not bothered";
  EXPECT_EQ(view.stats().entries, 0u);
  EXPECT_EQ(view.stats().misses, 0u);
}

TEST_P(BadInputTest, ValuesHaveALimit) {
  Namespace view = users();
  const std::string value(1001, 'V');
  const Namespace::Item items[] = {{"good", "v"}, {"KKK", value}};
  EXPECT_THAT(view.Set("KKK", value), Blames("value:"));
  EXPECT_THAT(view.Set("KKK", value), StatusIs(absl::StatusCode::kInvalidArgument,
                                               AllOf(HasSubstr("CacheOptions.value_bytes_max"),
                                                     HasSubstr("1001"), HasSubstr("1000"))));
  EXPECT_THAT(view.MSet(items), Blames("value:"));
  EXPECT_FALSE(view.Find("good"));
  EXPECT_THAT(view.Set("KKK", std::string(1000, 'V')), IsOk());
}

TEST_P(BadInputTest, OptionsOfASetAreChecked) {
  Namespace view = users();
  const struct {
    const char* field;
    SetOptions options;
  } kCases[] = {
      {"SetOptions.ttl", {.ttl = absl::ZeroDuration()}},
      {"SetOptions.ttl", {.ttl = kTtlMax + absl::Milliseconds(1)}},
      {"SetOptions.idle_ttl", {.idle_ttl = -absl::Seconds(1)}},
      {"SetOptions.tags[1]", {.tags = {"good", ""}}},
      {"SetOptions.tags[0]", {.tags = {std::string(kNameBytesMax + 1, 'K')}}},
      {"SetOptions.when", {.when = static_cast<SetWhen>(99)}},
      {"SetOptions.if_version", {.if_version = 7}},
  };
  const Namespace::Item items[] = {{"KKK", "VVV"}};
  for (const auto& c : kCases) {
    EXPECT_THAT(view.Set("KKK", "VVV", c.options), Blames(c.field));
    EXPECT_THAT(view.MSet(items, c.options), Blames(c.field));
  }
  EXPECT_EQ(TakeCalls(), 0u);
  EXPECT_EQ(view.stats().sets, 0u);
}

TEST_P(BadInputTest, ErrorsThatDependOnTheValueDoNotRepeatIt) {
  Namespace view = users();
  ASSERT_THAT(view.Set("KKK", "VVV"), IsOk());
  EXPECT_THAT(view.Increment("KKK"), StatusIs(absl::StatusCode::kFailedPrecondition,
                                              AllOf(Not(HasSubstr("KKK")), Not(HasSubstr("VVV")))));
  const std::string highest = std::to_string(std::numeric_limits<int64_t>::max());
  ASSERT_THAT(view.Set("KKK", highest), IsOk());
  EXPECT_THAT(view.Increment("KKK"),
              StatusIs(absl::StatusCode::kOutOfRange,
                       AllOf(Not(HasSubstr("KKK")), Not(HasSubstr(highest)))));
}

TEST_P(BadInputTest, ALoaderThatReturnsTooMuchIsServedAndNotKept) {
  Namespace view = users();
  const std::string huge(1001, 'V');
  EXPECT_EQ(Text(view.GetOrLoad("42", [&](Load&) { return huge; })), huge);
  EXPECT_FALSE(view.Find("42"));
}

}  // namespace
}  // namespace trivet
