#include "engine/names.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "engine/strings.h"
#include "trivet/options.h"

namespace trivet::engine {
namespace {

std::string Message(const absl::Status& status) { return std::string(ToStd(status.message())); }

std::string Bytes(size_t size) { return std::string(size, 'x'); }

std::vector<std::string> DistinctTags(size_t count) {
  std::vector<std::string> tags;
  for (size_t i = 0; i < count; ++i) tags.push_back("tag" + std::to_string(i));
  return tags;
}

TEST(CheckKey, TakesOneToTheLimit) {
  EXPECT_TRUE(CheckKey("k").ok());
  EXPECT_TRUE(CheckKey(std::string_view("\0", 1)).ok());
  EXPECT_TRUE(CheckKey(Bytes(kKeyBytesMax)).ok());
}

TEST(CheckKey, SaysHowLongABadKeyIs) {
  EXPECT_EQ(CheckKey("").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Message(CheckKey("")), "key: must be 1 to 65536 bytes, got 0");
  EXPECT_EQ(Message(CheckKey(Bytes(kKeyBytesMax + 1))), "key: must be 1 to 65536 bytes, got 65537");
}

TEST(CheckName, TakesOneToTheLimit) {
  EXPECT_TRUE(CheckName("tag", "t").ok());
  EXPECT_TRUE(CheckName("tag", Bytes(kNameBytesMax)).ok());
}

TEST(CheckName, SaysWhatIsWrongAndHowLongItIs) {
  EXPECT_EQ(CheckName("namespace", "").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Message(CheckName("namespace", "")), "namespace: must be 1 to 255 bytes, got 0");
  EXPECT_EQ(Message(CheckName("tag", Bytes(256))), "tag: must be 1 to 255 bytes, got 256");
}

TEST(CheckTtl, TakesWhatIsPositiveUpToTheLimitOrInfinite) {
  for (const absl::Duration ttl :
       {absl::Nanoseconds(1), absl::Milliseconds(1), kTtlMax, absl::InfiniteDuration()}) {
    EXPECT_TRUE(CheckTtl("f", ttl).ok()) << ttl;
  }
}

TEST(CheckTtl, NamesTheFieldAndTheDuration) {
  const struct {
    absl::Duration ttl;
    std::string_view message;
  } kCases[] = {
      {absl::ZeroDuration(), "CacheOptions.ttl: must be positive, at most 8784h, got 0"},
      {-absl::Seconds(1), "CacheOptions.ttl: must be positive, at most 8784h, got -1s"},
      {-absl::InfiniteDuration(), "CacheOptions.ttl: must be positive, at most 8784h, got -inf"},
      {kTtlMax + absl::Milliseconds(1),
       "CacheOptions.ttl: must be positive, at most 8784h, got 8784h0.001s"},
  };
  for (const auto& c : kCases) {
    const absl::Status status = CheckTtl("CacheOptions.ttl", c.ttl);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(Message(status), c.message);
  }
}

TEST(CheckTags, TakesUpToTheLimitOfDistinctOnes) {
  EXPECT_TRUE(CheckTags({}).ok());
  EXPECT_TRUE(CheckTags(DistinctTags(kTagsPerEntryMax)).ok());
}

TEST(CheckTags, CountsDuplicatesOnce) {
  std::vector<std::string> tags = DistinctTags(kTagsPerEntryMax);
  for (const std::string& again : DistinctTags(kTagsPerEntryMax)) tags.push_back(again);
  EXPECT_TRUE(CheckTags(tags).ok());
  tags.push_back("one more");
  EXPECT_EQ(Message(CheckTags(tags)), "tags: at most 64 distinct ones, got 65");
}

TEST(CheckTags, NamesTheFieldAndThePlaceOfABadTag) {
  const std::vector<std::string> tags = {"a", "b", Bytes(300), ""};
  const absl::Status status = CheckTags(tags, "SetOptions.tags");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Message(status), "SetOptions.tags[2]: must be 1 to 255 bytes, got 300");
}

TEST(Checks, NeverRepeatTheContent) {
  const std::string secret(kKeyBytesMax + 1, 'S');
  const std::vector<std::string> tags = {secret};
  for (const absl::Status& status : {CheckKey(secret), CheckName("tag", secret), CheckTags(tags)}) {
    EXPECT_FALSE(status.ok());
    EXPECT_EQ(Message(status).find("SS"), std::string::npos);
  }
}

}  // namespace
}  // namespace trivet::engine
