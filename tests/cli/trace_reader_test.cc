#include "bindings/cli/trace_reader.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cli/trace_bytes.h"

namespace trivet::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using namespace std::string_view_literals;

// A source that yields `step` bytes at a time.
class Drip final : public ByteSource {
 public:
  Drip(std::string bytes, size_t step) : bytes_(std::move(bytes)), step_(step) {}
  absl::StatusOr<size_t> Read(std::span<char> buffer) override {
    const size_t size = std::min({buffer.size(), step_, bytes_.size() - at_});
    std::copy_n(bytes_.data() + at_, size, buffer.data());
    at_ += size;
    return size;
  }

 private:
  const std::string bytes_;
  const size_t step_;
  size_t at_ = 0;
};

// The requests of a trace as "key/size/ttl/time".
absl::StatusOr<std::vector<std::string>> Requests(const std::string& name, std::string bytes,
                                                  size_t step = 1 << 20) {
  absl::StatusOr<TraceReader> reader =
      TraceReader::Read(name, std::make_unique<Drip>(std::move(bytes), step));
  if (!reader.ok()) return reader.status();
  std::vector<std::string> requests;
  TraceRequest request;
  while (true) {
    absl::StatusOr<bool> more = reader->Next(&request);
    if (!more.ok()) return more.status();
    if (!*more) return requests;
    requests.push_back(absl::StrCat(std::string(request.key), "/", request.size, "/", request.ttl,
                                    "/", request.time));
  }
}

std::string ErrorOf(const std::string& name, std::string bytes) {
  const auto requests = Requests(name, std::move(bytes));
  EXPECT_FALSE(requests.ok()) << "expected an error";
  EXPECT_FALSE(absl::IsInvalidArgument(requests.status())) << "the command line was not wrong";
  return std::string(requests.status().message());
}

const std::vector<TraceRecord> kRecords = {
    {.key = 1, .size = 100, .ttl = 60, .time = 5},
    {.key = UINT64_MAX, .size = UINT32_MAX, .ttl = 0, .time = 6},
};

TEST(BinaryTrace, FieldsAreWhatTheFlagsSay) {
  for (uint16_t flags = 0; flags < 8; ++flags) {
    const auto requests = Requests("a.ctr", BinaryTrace(kRecords, flags));
    ASSERT_TRUE(requests.ok()) << requests.status();
    const bool size = (flags & kSizes) != 0;
    const bool ttl = (flags & kTtls) != 0;
    const bool time = (flags & kTimes) != 0;
    EXPECT_THAT(
        *requests,
        ElementsAre(
            absl::StrCat("1/", size ? 100 : 0, "/", ttl ? 60 : 0, "/", time ? 5 : 0),
            absl::StrCat("18446744073709551615/", size ? UINT32_MAX : 0, "/0/", time ? 6 : 0)));
  }
}

TEST(BinaryTrace, PiecesAndCompressionDoNotMatter) {
  const std::string bytes = BinaryTrace(kRecords, kSizes | kTtls | kTimes);
  const auto whole = Requests("a.ctr", bytes);
  ASSERT_TRUE(whole.ok());
  for (size_t step = 1; step <= bytes.size(); ++step) {
    EXPECT_EQ(*Requests("a.ctr", bytes, step), *whole) << step;
    EXPECT_EQ(*Requests("a.ctr.zst", Compressed(bytes), step), *whole) << step;
    EXPECT_EQ(*Requests("any name", bytes, step), *whole) << step;
  }
}

TEST(BinaryTrace, EveryTruncationNamesFileAndByte) {
  const std::string bytes = BinaryTrace(kRecords, kSizes | kTtls | kTimes);
  for (size_t size = 0; size < bytes.size(); ++size) {
    const std::string message = ErrorOf("a.ctr", bytes.substr(0, size));
    EXPECT_THAT(message, StartsWith(absl::StrCat("a.ctr: byte ", size, ": ")));
    EXPECT_THAT(message, HasSubstr("ends"));
  }
  EXPECT_THAT(ErrorOf("a.ctr", bytes.substr(0, 50)), HasSubstr("1 of 2 records are whole"));
}

TEST(BinaryTrace, EveryTruncationOfTheCompressedFileIsTold) {
  const std::string frame = Compressed(BinaryTrace(kRecords, kSizes | kTtls | kTimes));
  for (size_t size = 0; size < frame.size(); ++size) {
    const std::string message = ErrorOf("a.ctr.zst", frame.substr(0, size));
    EXPECT_THAT(message, StartsWith("a.ctr.zst: "));
    EXPECT_THAT(message, HasSubstr("byte ")) << size;
  }
}

TEST(BinaryTrace, WrongHeadersNameTheByte) {
  const std::string good = BinaryTrace(kRecords, kSizes);
  const struct {
    size_t at;
    char byte;
    const char* message;
  } kCases[] = {
      {0, 'X', "a.ctr: byte 0: not a trace"},
      {3, 'c', "a.ctr: byte 0: not a trace"},
      {4, 2, "a.ctr: byte 4: version 2 is unknown"},
      {5, 1, "a.ctr: byte 4: version 257 is unknown"},
      {6, 8, "a.ctr: byte 6: flags 8 are unknown"},
      {7, 1, "a.ctr: byte 6: flags 257 are unknown"},
      {8, 3, "a.ctr: byte 48: the trace ends early: 2 of 3 records are whole"},
      {8, 1, "a.ctr: byte 36: bytes follow the last of 1 records"},
      {15, 1, "a.ctr: byte 48: the trace ends early"},
      {16, 3, "a.ctr: byte 16: more distinct keys (3) than records (2)"},
  };
  for (const auto& c : kCases) {
    std::string bytes = good;
    bytes[c.at] = c.byte;
    EXPECT_THAT(ErrorOf("a.ctr", bytes), StartsWith(c.message));
  }
  EXPECT_THAT(ErrorOf("a.ctr", good + "x"), StartsWith("a.ctr: byte 48: bytes follow"));
  EXPECT_THAT(ErrorOf("a.ctr", "key1\nkey2\n"), StartsWith("a.ctr: byte 0: not a trace"));
}

TEST(BinaryTrace, MayBeEmpty) {
  const auto requests = Requests("a.ctr", BinaryTrace({}, 0));
  ASSERT_TRUE(requests.ok()) << requests.status();
  EXPECT_TRUE(requests->empty());
}

TEST(TextTrace, HasAKeyPerLineAndPerhapsASize) {
  const std::string text = "a\nb c\t7\r\n\n\xff\t4294967295\nlast";
  for (size_t step = 1; step <= text.size(); ++step) {
    const auto requests = Requests("log.txt", text, step);
    ASSERT_TRUE(requests.ok()) << requests.status();
    EXPECT_THAT(*requests,
                ElementsAre("a/100/0/0", "b c/7/0/0", "\xff/4294967295/0/0", "last/100/0/0"));
  }
  EXPECT_THAT(*Requests("log.txt.zst", Compressed("x\ny\t3\n")),
              ElementsAre("x/100/0/0", "y/3/0/0"));
  EXPECT_TRUE(Requests("log.txt", "")->empty());
  EXPECT_TRUE(Requests("log.txt", "\n\r\n\n")->empty());
}

TEST(TextTrace, WhatIsNoLineNamesTheByte) {
  EXPECT_THAT(ErrorOf("log", "a\n\t5\n"), StartsWith("log: byte 2: a line without a key"));
  EXPECT_THAT(ErrorOf("log", "a\nb\t\n"), StartsWith("log: byte 4: what follows the tab"));
  EXPECT_THAT(ErrorOf("log", "b\t5x"), StartsWith("log: byte 2: what follows the tab"));
  EXPECT_THAT(ErrorOf("log", "b\t-1"), StartsWith("log: byte 2: what follows the tab"));
  EXPECT_THAT(ErrorOf("log", "b\t4294967296"), StartsWith("log: byte 2: what follows the tab"));
  EXPECT_THAT(ErrorOf("log", "b\t5\t6"), StartsWith("log: byte 2: what follows the tab"));
  EXPECT_THAT(ErrorOf("log", std::string("ab\nc\0d", 6)), StartsWith("log: byte 4: neither text"));
}

TEST(TextTrace, LinesAreBounded) {
  const std::string longest(64 << 10, 'k');
  EXPECT_THAT(*Requests("log", longest + "\t4294967295\r\n" + longest + "\n"),
              ElementsAre(longest + "/4294967295/0/0", longest + "/100/0/0"));
  EXPECT_THAT(ErrorOf("log", "a\n" + longest + "k\n"), StartsWith("log: byte 2: a key of more"));
  EXPECT_THAT(ErrorOf("log", "a\n" + longest + longest), StartsWith("log: byte 2: a line of more"));
}

TEST(TraceReader, MissingFileIsNamed) {
  const absl::Status status = TraceReader::Open("/nowhere/x.ctr").status();
  EXPECT_TRUE(absl::IsNotFound(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("/nowhere/x.ctr: "));
}

}  // namespace
}  // namespace trivet::cli
