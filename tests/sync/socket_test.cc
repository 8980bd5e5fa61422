#include "sync/socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "sync/redis_status.h"
#include "tests/support/status_matchers.h"
#include "tests/sync/fake_server.h"
#include "tests/sync/redis_server.h"
#include "trivet/clock.h"

namespace trivet::sync {
namespace {

using trivet::testing::FakePeer;
using trivet::testing::FakeServer;
using trivet::testing::IsOk;
using trivet::testing::kLong;

absl::Duration In(absl::Duration timeout) { return Clock::System()->Elapsed() + timeout; }

class SocketTest : public ::testing::Test {
 protected:
  Socket Connect(const FakeServer& server) {
    auto socket = Socket::Connect(SocketAddress::OfPath(server.Url().substr(7)));
    EXPECT_THAT(socket, IsOk());
    EXPECT_TRUE(Await(*socket, true, nullptr, clock_, In(kLong)).out);
    EXPECT_THAT(socket->Finish(), IsOk());
    return *std::move(socket);
  }

  const Clock& clock_ = *Clock::System();
  std::array<char, 4096> bytes_;
};

TEST_F(SocketTest, BytesGoBothWaysAndTheEndIsAnError) {
  FakeServer server([](FakePeer& peer) {
    EXPECT_EQ(peer.Read(), std::vector<std::string>{"X"});
    peer.Send("hello");
  });
  const Socket socket = Connect(server);
  const auto nothing = socket.Receive(bytes_);
  ASSERT_THAT(nothing, IsOk());
  EXPECT_EQ(*nothing, std::nullopt);
  EXPECT_EQ(*socket.Send("*1\r\n$1\r\nX\r\n"), 11u);
  ASSERT_TRUE(Await(socket, false, nullptr, clock_, In(kLong)).in);
  EXPECT_EQ(**socket.Receive(bytes_), 5u);
  ASSERT_TRUE(Await(socket, false, nullptr, clock_, In(kLong)).in);
  EXPECT_EQ(KindOf(socket.Receive(bytes_).status()), RedisError::kDisconnected);
}

TEST_F(SocketTest, SendingTakesWhatFitsAndThenNothing) {
  std::atomic<bool> done{false};
  FakeServer server([&](FakePeer&) { trivet::testing::Eventually([&] { return done.load(); }); });
  const Socket socket = Connect(server);
  const std::string large(8 << 20, 'x');
  size_t sent = 0;
  while (true) {
    const auto more = socket.Send(large);
    ASSERT_THAT(more, IsOk());
    if (*more == 0) break;
    sent += *more;
    ASSERT_LT(sent, large.size());
  }
  EXPECT_FALSE(Await(socket, true, nullptr, clock_, In(absl::Milliseconds(1))).out);
  done = true;
}

TEST_F(SocketTest, WhereNobodyListensIsUnreachable) {
  EXPECT_EQ(KindOf(Socket::Connect(SocketAddress::OfPath("/no/such/socket")).status()),
            RedisError::kUnreachable);
}

TEST_F(SocketTest, WaitingEndsAtTheDeadlineOfTheClockOrWhenTheBellRings) {
  FakeServer server([](FakePeer& peer) { peer.Read(); });
  const Socket socket = Connect(server);
  const Awaited none = Await(socket, false, nullptr, clock_, In(absl::Milliseconds(5)));
  EXPECT_FALSE(none.in || none.out || none.bell);

  ManualClock clock;
  std::thread mover([&] { clock.Advance(absl::Hours(2)); });
  EXPECT_FALSE(Await(socket, false, nullptr, clock, absl::Hours(1)).in);
  mover.join();

  const Doorbell bell;
  std::thread ringer([&] { bell.Ring(); });
  EXPECT_TRUE(Await(socket, false, &bell, clock_, absl::InfiniteDuration()).bell);
  ringer.join();
  bell.AwaitUntil(clock_, absl::InfiniteDuration());  // it still rings
  bell.Silence();
  EXPECT_FALSE(Await(socket, false, &bell, clock_, In(absl::Milliseconds(1))).bell);
}

TEST_F(SocketTest, MovingADescriptorClosesItOnce) {
  FakeServer server([](FakePeer& peer) { peer.Read(); });
  Socket first = Connect(server);
  const int fd = first.fd();
  Socket second = std::move(first);
  EXPECT_EQ(second.fd(), fd);
  EXPECT_EQ(first.fd(), -1);  // NOLINT(bugprone-use-after-move): what is left of it
}

}  // namespace
}  // namespace trivet::sync
