#include "sync/host_lookup.h"

#include <gtest/gtest.h>
#include <netinet/in.h>

#include "absl/time/time.h"
#include "sync/redis_status.h"
#include "tests/support/status_matchers.h"
#include "tests/sync/redis_server.h"
#include "trivet/clock.h"

namespace trivet::sync {
namespace {

using trivet::testing::IsOk;
using trivet::testing::kLong;

absl::StatusOr<SocketAddresses> LookUp(const std::string& host, absl::Duration timeout) {
  const Clock& clock = *Clock::System();
  HostLookup lookup(host, 7000);
  EXPECT_TRUE(lookup.AwaitUntil(clock, clock.Elapsed() + timeout));
  return lookup.Result();
}

TEST(HostLookupTest, AddressesInNumbersAreThereAtOnce) {
  const auto four = LookUp("127.0.0.1", absl::ZeroDuration());
  ASSERT_THAT(four, IsOk());
  ASSERT_EQ(four->size(), 1u);
  EXPECT_EQ((*four)[0].bytes.ss_family, AF_INET);
  EXPECT_EQ(reinterpret_cast<const sockaddr_in&>((*four)[0].bytes).sin_port, htons(7000));
  const auto six = LookUp("::1", absl::ZeroDuration());
  ASSERT_THAT(six, IsOk());
  EXPECT_EQ((*six)[0].bytes.ss_family, AF_INET6);
}

TEST(HostLookupTest, NamesAreFound) { EXPECT_THAT(LookUp("localhost", kLong), IsOk()); }

TEST(HostLookupTest, WhatIsNotFoundIsUnreachable) {
  EXPECT_EQ(KindOf(LookUp("no-such-host.invalid", kLong).status()), RedisError::kUnreachable);
}

TEST(HostLookupTest, ALookupThatNobodyWaitsForMayGo) {
  for (int i = 0; i < 10; ++i) HostLookup lookup("no-such-host.invalid", 1);
}

}  // namespace
}  // namespace trivet::sync
