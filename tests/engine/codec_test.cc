#include "trivet/codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "tests/support/status_matchers.h"

namespace trivet {
namespace {

using testing::IsOkAndHolds;
using testing::StatusIs;

struct Point {
  Point(int32_t to_x, int32_t to_y) : x(to_x), y(to_y) {}
  friend bool operator==(const Point&, const Point&) = default;
  int32_t x;
  int32_t y;
};

static_assert(CodecOf<TrivialCodec<Point>, Point>);
static_assert(CodecOf<StringCodec, std::string>);
static_assert(!CodecOf<StringCodec, Point>);

TEST(TrivialCodecTest, GivesBackWhatItTook) {
  const Point point(3, -4);
  const auto bytes = TrivialCodec<Point>::Encode(point);
  ASSERT_THAT(bytes, testing::IsOk());
  EXPECT_EQ(bytes->size(), sizeof(Point));
  EXPECT_THAT(TrivialCodec<Point>::Decode(*bytes), IsOkAndHolds(point));
  EXPECT_EQ(TrivialCodec<Point>::Bytes(point), sizeof(Point));
}

TEST(TrivialCodecTest, RefusesBytesOfAnotherSize) {
  for (const char* bytes : {"", "1234567", "123456789"}) {
    EXPECT_THAT(TrivialCodec<Point>::Decode(bytes), StatusIs(absl::StatusCode::kDataLoss));
  }
}

TEST(StringCodecTest, IsTheBytesThemselves) {
  const std::string value("a\0b", 3);
  EXPECT_THAT(StringCodec::Encode(value), IsOkAndHolds(value));
  EXPECT_THAT(StringCodec::Decode(value), IsOkAndHolds(value));
  EXPECT_GE(StringCodec::Bytes(std::string(1000, 'x')), sizeof(std::string) + 1000);
}

}  // namespace
}  // namespace trivet
