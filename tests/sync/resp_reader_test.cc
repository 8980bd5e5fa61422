#include "sync/resp_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sync/redis_status.h"
#include "tests/support/status_matchers.h"

namespace trivet::sync {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using trivet::testing::IsOk;
using trivet::testing::StatusIs;

Reply Status(std::string text) { return {.type = Reply::Type::kStatus, .text = std::move(text)}; }
Reply Error(std::string text) { return {.type = Reply::Type::kError, .text = std::move(text)}; }
Reply String(std::string text) { return {.type = Reply::Type::kString, .text = std::move(text)}; }
Reply Integer(int64_t value) { return {.type = Reply::Type::kInteger, .integer = value}; }
Reply Array(std::vector<Reply> elements) {
  return {.type = Reply::Type::kArray, .elements = std::move(elements)};
}

// A heap block of the exact size, so that AddressSanitizer sees a read past its end.
void FeedBlock(RespReader& reader, std::string_view bytes) {
  const std::vector<char> block(bytes.begin(), bytes.end());
  reader.Feed({block.data(), block.size()});
}

// All replies in `pieces`, and the error that ended them, if any.
struct Transcript {
  std::vector<Reply> replies;
  absl::Status end;
};

Transcript Read(const std::vector<std::string_view>& pieces, const ReplyLimits& limits = {}) {
  RespReader reader(limits);
  Transcript transcript;
  for (const std::string_view piece : pieces) {
    FeedBlock(reader, piece);
    while (true) {
      absl::StatusOr<std::optional<Reply>> reply = reader.Next();
      if (!reply.ok()) {
        transcript.end = reply.status();
        return transcript;
      }
      if (!reply->has_value()) break;
      transcript.replies.push_back(**std::move(reply));
    }
  }
  return transcript;
}

TEST(RespReaderTest, EveryType) {
  const Transcript read =
      Read({"+OK\r\n-ERR no\r\n:-42\r\n$5\r\na\r\nbc\r\n$0\r\n\r\n$-1\r\n*-1\r\n"
            "*0\r\n*3\r\n:1\r\n*1\r\n+x\r\n$-1\r\n"});
  EXPECT_THAT(read.end, IsOk());
  EXPECT_THAT(read.replies, ElementsAre(Status("OK"), Error("ERR no"), Integer(-42),
                                        String("a\r\nbc"), String(""), Reply(), Reply(), Array({}),
                                        Array({Integer(1), Array({Status("x")}), Reply()})));
}

TEST(RespReaderTest, BytesMayBeCutAnywhere) {
  const std::string text =
      "*4\r\n$3\r\nabc\r\n*2\r\n:7\r\n*2\r\n+a\r\n-B c\r\n$-1\r\n*0\r\n"
      "$2\r\n\r\n\r\n:9223372036854775807\r\n";
  const Transcript whole = Read({text});
  ASSERT_THAT(whole.end, IsOk());
  ASSERT_EQ(whole.replies.size(), 3u);
  const std::string_view view = text;
  for (size_t first = 0; first <= text.size(); ++first) {
    for (size_t second = first; second <= text.size(); ++second) {
      const Transcript cut =
          Read({view.substr(0, first), view.substr(first, second - first), view.substr(second)});
      ASSERT_THAT(cut.end, IsOk()) << first << ' ' << second;
      ASSERT_EQ(cut.replies, whole.replies) << first << ' ' << second;
    }
  }
}

TEST(RespReaderTest, WhatIsNoReplyEndsItForGood) {
  const std::string_view wrong[] = {
      "x",
      "\r\n",
      "HTTP/1.1 400\r\n",
      "_\r\n",
      "%1\r\n",
      ":\r\n",
      ":1x\r\n",
      ":9223372036854775808\r\n",
      "$x\r\n",
      "$-2\r\n",
      "$18446744073709551616\r\n",
      "*x\r\n",
      "*-2\r\n",
      "*99999999999\r\n",
      "$3\r\nabcd\r\n",
      "$3\r\nabc\n\n",
  };
  for (const std::string_view text : wrong) {
    SCOPED_TRACE(text);
    RespReader reader;
    FeedBlock(reader, text);
    const auto reply = reader.Next();
    EXPECT_EQ(KindOf(reply.status()), RedisError::kProtocol) << reply.status();
    EXPECT_TRUE(MaybeExecuted(reply.status()));
    FeedBlock(reader, "+OK\r\n");
    EXPECT_EQ(reader.Next().status(), reply.status());
  }
}

TEST(RespReaderTest, ErrorsQuoteNothing) {
  const Transcript read = Read({"!secret\r\n"});
  EXPECT_THAT(std::string(read.end.message()), Not(HasSubstr("secret")));
}

TEST(RespReaderTest, LengthsBeyondTheLimitsAreRefusedWhenAnnounced) {
  const ReplyLimits limits = {
      .reply_bytes_max = 10'000, .line_bytes_max = 100, .elements_max = 8, .depth_max = 3};
  const struct {
    std::string text;
    std::string_view why;
  } cases[] = {
      {"$10001\r\n", "reply too large"},
      {"$9223372036854775807\r\n", "reply too large"},
      {"*2\r\n$6000\r\n" + std::string(6000, 'a') + "\r\n$6000\r\n", "reply too large"},
      {"*9\r\n", "array too long"},
      {"*1\r\n*1\r\n*1\r\n*1\r\n", "nested too deep"},
      {"+" + std::string(101, 'x'), "line too long"},
      {"-" + std::string(101, 'x'), "line too long"},
      {":" + std::string(25, '1'), "line too long"},
      {"$" + std::string(25, '1'), "line too long"},
      {"*" + std::string(25, '1'), "line too long"},
  };
  for (const auto& [text, why] : cases) {
    SCOPED_TRACE(text.substr(0, 30));
    EXPECT_THAT(Read({text}, limits).end,
                StatusIs(absl::StatusCode::kInternal, HasSubstr(std::string(why))));
  }
}

TEST(RespReaderTest, TheLimitIsForOneReplyNotForAll) {
  const ReplyLimits limits = {.reply_bytes_max = 1000};
  std::string text;
  for (int i = 0; i < 100; ++i) text += "$500\r\n" + std::string(500, 'v') + "\r\n";
  const Transcript read = Read({text}, limits);
  EXPECT_THAT(read.end, IsOk());
  EXPECT_EQ(read.replies.size(), 100u);
}

TEST(RespReaderTest, DepthSevenIsTheMost) {
  std::string seven;
  for (int i = 0; i < 7; ++i) seven += "*1\r\n";
  EXPECT_THAT(Read({seven + ":1\r\n"}).end, IsOk());
  EXPECT_FALSE(Read({seven + "*1\r\n:1\r\n"}).end.ok());
}

TEST(RespReaderTest, AnAnnouncedArrayCostsNothingUntilItArrives) {
  // A thousand readers, each promised a million elements: eager arrays would take 72 GB.
  for (int i = 0; i < 1000; ++i) {
    RespReader reader;
    FeedBlock(reader, "*1000000\r\n:1\r\n");
    const auto reply = reader.Next();
    ASSERT_THAT(reply, IsOk());
    ASSERT_FALSE(reply->has_value());
  }
}

TEST(RespReaderTest, ManyElementsKeepTheirPlaces) {
  std::string text = "*2\r\n*1000\r\n";
  for (int i = 0; i < 1000; ++i) text += "*1\r\n:" + std::to_string(i) + "\r\n";
  text += "+end\r\n";
  const Transcript read = Read({text});
  ASSERT_EQ(read.replies.size(), 1u);
  const Reply& outer = read.replies[0];
  ASSERT_EQ(outer.elements.size(), 2u);
  for (size_t i = 0; i < 1000; ++i) {
    ASSERT_EQ(outer.elements[0].elements[i], Array({Integer(static_cast<int64_t>(i))}));
  }
  EXPECT_EQ(outer.elements[1], Status("end"));
}

}  // namespace
}  // namespace trivet::sync
