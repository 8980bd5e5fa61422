#include "bindings/cli/json_text.h"

#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace trivet::cli {
namespace {

using namespace std::string_view_literals;

TEST(IsUtf8, KnowsTheEdges) {
  for (const std::string_view good :
       {""sv, "plain"sv, "\0"sv, "\x7f"sv, "\xc2\x80"sv, "\xdf\xbf"sv, "\xe0\xa0\x80"sv,
        "\xed\x9f\xbf"sv, "\xee\x80\x80"sv, "\xf0\x90\x80\x80"sv, "\xf4\x8f\xbf\xbf"sv}) {
    EXPECT_TRUE(IsUtf8(good)) << EscapeLine(good);
  }
  for (const std::string_view bad :
       {"\x80"sv, "\xbf"sv, "\xc0\x80"sv, "\xc1\xbf"sv, "\xc2"sv, "\xc2x"sv, "\xe0\x9f\xbf"sv,
        "\xed\xa0\x80"sv, "\xe2\x82"sv, "\xf0\x8f\xbf\xbf"sv, "\xf4\x90\x80\x80"sv,
        "\xf5\x80\x80\x80"sv, "\xff"sv, "good\xfe"sv}) {
    EXPECT_FALSE(IsUtf8(bad)) << EscapeLine(bad);
  }
}

TEST(PutBytes, TextAsTextAndTheRestAsBase64) {
  Json object;
  PutBytes(object, "a", "caf\xc3\xa9 \"x\"\n\0z"sv);
  PutBytes(object, "b", "\xff\x00"sv);
  EXPECT_EQ(object.dump(), R"({"a":"café \"x\"\n\u0000z","b_base64":"/wA="})");
}

TEST(EscapeLine, GivesOneLineThatCanBeReadBack) {
  EXPECT_EQ(EscapeLine("plain caf\xc3\xa9"), "plain caf\xc3\xa9");
  EXPECT_EQ(EscapeLine("a\tb\nc\rd\\e"), "a\\tb\\nc\\rd\\\\e");
  EXPECT_EQ(EscapeLine("\0\x1b\x7f\xff\xc3"sv), "\\x00\\x1B\\x7F\\xFF\\xC3");
}

}  // namespace
}  // namespace trivet::cli
