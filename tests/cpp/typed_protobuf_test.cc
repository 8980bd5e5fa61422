// The example of docs/typed.md with a protobuf codec; built where protobuf is installed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "session.pb.h"
#include "tests/store/temp_folder.h"
#include "tests/support/status_matchers.h"
#include "trivet/open.h"
#include "trivet/typed.h"

namespace trivet {
namespace {

using example::Session;
using testing::IsOk;
using testing::StatusIs;

// [protobuf]
template <typename Message>
struct ProtobufCodec {
  static size_t Bytes(const Message& message) { return message.SpaceUsedLong(); }
  static absl::StatusOr<std::string> Encode(const Message& message) {
    return message.SerializeAsString();
  }
  static absl::StatusOr<Message> Decode(std::string_view bytes) {
    Message message;
    if (message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return message;
    return absl::DataLossError("not a " + message.GetTypeName());
  }
};
// [/protobuf]

TEST(TypedProtobuf, Runs) {
  const testing::TempFolder folder;
  auto cache = Open({.memory_bytes = 8 << 20, .store = "sqlite:" + folder.File("app.db")});
  ASSERT_THAT(cache, IsOk());
  Typed<Session, ProtobufCodec<Session>> sessions((*cache)->In("sessions"));
  Session session;
  session.set_user("Ada");
  session.add_roles("admin");
  ASSERT_THAT(sessions.Set("1", session), IsOk());
  ASSERT_THAT(sessions.view().Invalidate("1"), IsOk());
  const auto got = sessions.Get("1");
  ASSERT_THAT(got, IsOk());
  EXPECT_EQ(got->tier, Tier::kStore);
  EXPECT_EQ(got->value->user(), "Ada");
  EXPECT_EQ(got->value->roles(0), "admin");
  EXPECT_TRUE(sessions.Visit("1", [](const Session& found) { EXPECT_EQ(found.user(), "Ada"); }));
}

TEST(TypedProtobuf, BytesThatAreNoMessageAreDataLoss) {
  EXPECT_THAT(ProtobufCodec<Session>::Decode("\x0a\xff"), StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace trivet
