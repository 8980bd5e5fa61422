#include "engine/strings.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace trivet::engine {
namespace {

TEST(Bridges, KeepTheBytesInPlace) {
  const std::string text("a\0b", 3);
  const std::string_view view = text;
  const absl::string_view there = ToAbsl(view);
  const std::string_view back = ToStd(there);
  EXPECT_EQ(there.data(), view.data());
  EXPECT_EQ(there.size(), 3u);
  EXPECT_EQ(back.data(), view.data());
  EXPECT_EQ(back.size(), 3u);
}

TEST(Bridges, TakeTheEmptyView) {
  EXPECT_TRUE(ToAbsl(std::string_view()).empty());
  EXPECT_TRUE(ToStd(absl::string_view()).empty());
}

TEST(Bridges, LetAbseilJoinOurViews) {
  const std::string_view key = "key";
  EXPECT_EQ(absl::StrCat(ToAbsl(key), ":", 7), "key:7");
}

// Each byte counts, at every size around those that are compared in words.
TEST(SameBytes, TellsEveryByteApart) {
  for (size_t size = 0; size <= 40; ++size) {
    const std::string text(size, 'x');
    EXPECT_TRUE(SameBytes(text, std::string(size, 'x'))) << size;
    EXPECT_FALSE(SameBytes(text, text + "x")) << size;
    for (size_t i = 0; i < size; ++i) {
      std::string other = text;
      other[i] = 'y';
      EXPECT_FALSE(SameBytes(text, other)) << size << ", " << i;
    }
  }
}

TEST(StringMap, IsAskedWithoutMakingAString) {
  absl::flat_hash_map<std::string, int, StringHash, StringEqual> map;
  const std::string bytes("ab\0cd", 5);
  map[std::string(bytes)] = 1;
  map["ab"] = 2;
  map[""] = 3;
  const std::string_view view = bytes;
  ASSERT_NE(map.find(view), map.end());
  EXPECT_EQ(map.find(view)->second, 1);
  EXPECT_EQ(map.find(view.substr(0, 2))->second, 2);
  EXPECT_EQ(map.find(std::string_view())->second, 3);
  EXPECT_EQ(map.find(view.substr(0, 3)), map.end());
  EXPECT_TRUE(map.contains("ab"));
}

TEST(StringHash, IsTheSameForTheSameBytesAndDiffersForOthers) {
  std::set<size_t> hashes;
  for (int i = 0; i < 1000; ++i) {
    const std::string text = "name" + std::to_string(i);
    EXPECT_EQ(StringHash()(text), StringHash()(std::string(text)));
    hashes.insert(StringHash()(text));
  }
  EXPECT_EQ(hashes.size(), 1000u);
}

}  // namespace
}  // namespace trivet::engine
