// Several caches over one shared tier and one store, when the tier, the way to it or a process
// fails.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "tests/support/fleet.h"
#include "tests/support/status_matchers.h"
#include "trivet/cache.h"

namespace trivet::testing {
namespace {

constexpr absl::Duration kBound = absl::Seconds(2);

class CoherenceFaultsTest : public ::testing::Test {
 protected:
  // The truth, as it is in the store, without any cache.
  void WriteRow(std::string_view key, std::string_view value) {
    const StoreWrite write{.key = key, .value = value};
    ASSERT_THAT(fleet_.rows().Write("users", {&write, 1}), IsOk());
  }

  Fleet fleet_;
};

TEST_F(CoherenceFaultsTest, WithoutAProofMemoryIsGonePast) {
  WriteRow("42", "Ada");
  EXPECT_EQ(Text(fleet_.users(0).Get("42")), "Ada");
  fleet_.line(0).FailAll(absl::UnavailableError("the line is cut"));
  fleet_.Pass(kBound - absl::Milliseconds(100));
  EXPECT_EQ(InMemory(fleet_.users(0), "42"), "Ada");
  fleet_.Pass(absl::Milliseconds(200));
  EXPECT_EQ(InMemory(fleet_.users(0), "42"), "-");
  EXPECT_EQ(fleet_.users(0).Get("42")->tier, Tier::kStore);
  EXPECT_EQ(InMemory(fleet_.users(0), "42"), "-") << "nothing is kept that nobody would take back";

  fleet_.line(0).FailAll(absl::OkStatus());
  fleet_.Pass(absl::Seconds(1));
  EXPECT_EQ(InMemory(fleet_.users(0), "42"), "Ada") << "nothing was lost, so nothing is flushed";
}

TEST_F(CoherenceFaultsTest, AHandshakeThatTheSubscriptionDisturbsIsMadeAgain) {
  fleet_.server().FailOver();
  int calls = 0;
  fleet_.line(0).OnCall([&] {
    // The first finds another server; the second is the handshake with that.
    if (++calls == 2) fleet_.server().FailOver();
  });
  Coherence told = Coherence::kLocal;
  EXPECT_THAT(fleet_.users(0).Invalidate("42", &told), IsOk());
  fleet_.line(0).OnCall(nullptr);
  EXPECT_EQ(told, Coherence::kApplied);
}

TEST_F(CoherenceFaultsTest, AFailoverToAnOlderServerResurrectsNothing) {
  WriteRow("42", "Ada");
  EXPECT_EQ(Text(fleet_.users(0).Get("42")), "Ada");
  fleet_.server().TakeSnapshot();
  EXPECT_THAT(fleet_.users(1).Set("42", "Grace"), IsOk());
  fleet_.server().FailOver();
  EXPECT_EQ(Text(fleet_.users(0).Get("42")), "Grace");
  fleet_.Pass(absl::Seconds(1));
  EXPECT_EQ(Text(fleet_.users(0).Get("42")), "Grace");
  EXPECT_EQ(Text(fleet_.users(1).Get("42")), "Grace");
}

TEST_F(CoherenceFaultsTest, ALostMessageIsFoundByTheNextProof) {
  WriteRow("42", "Ada");
  EXPECT_EQ(Text(fleet_.users(0).Get("42")), "Ada");
  fleet_.server().Flush();
  EXPECT_THAT(fleet_.users(1).Set("42", "Grace"), IsOk());
  fleet_.Pass(absl::Seconds(1));
  EXPECT_EQ(Text(fleet_.users(0).Get("42")), "Grace");
}

TEST_F(CoherenceFaultsTest, WhatCannotBeToldIsToldLater) {
  WriteRow("42", "Ada");
  EXPECT_EQ(Text(fleet_.users(1).Get("42")), "Ada");
  fleet_.line(0).FailAll(absl::UnavailableError("the line is cut"));
  const auto set = fleet_.users(0).Set("42", "Grace");
  ASSERT_THAT(set, IsOk());
  EXPECT_EQ(set->coherence, Coherence::kDeferred);
  EXPECT_EQ(Text(fleet_.users(0).Get("42")), "Grace") << "read your writes";
  EXPECT_EQ(Text(fleet_.users(1).Get("42")), "Ada") << "for now";
  fleet_.line(0).FailAll(absl::OkStatus());
  fleet_.Beat();
  EXPECT_EQ(Text(fleet_.users(1).Get("42")), "Grace");
}

TEST_F(CoherenceFaultsTest, AWriterThatDiesBeforeItTellsIsToldOfByOthers) {
  WriteRow("42", "Ada");
  EXPECT_EQ(Text(fleet_.users(1).Get("42")), "Ada");
  fleet_.line(0).FailAll(absl::UnavailableError("the line is cut"));
  EXPECT_THAT(fleet_.users(0).Set("42", "Grace"), IsOk());
  fleet_.End(0);
  EXPECT_EQ(Text(fleet_.users(1).Get("42")), "Ada");
  fleet_.Pass(absl::Milliseconds(500));
  EXPECT_EQ(Text(fleet_.users(1).Get("42")), "Grace");
  EXPECT_THAT(fleet_.rows().ReadChangeLog(10), IsOkAndHolds(::testing::IsEmpty()));
}

// A tier that hangs costs those a deadline who are waiting for it, and nobody after them.
TEST_F(CoherenceFaultsTest, WhoComesAfterAnErrorDoesNotWait) {
  WriteRow("42", "Ada");
  fleet_.line(0).FailAll(absl::DeadlineExceededError("it hangs"));
  EXPECT_EQ(Text(fleet_.users(0).Get("42")), "Ada");
  const size_t calls = fleet_.line(0).calls();
  EXPECT_EQ(Text(fleet_.users(0).Get("42")), "Ada");
  const auto set = fleet_.users(0).Set("42", "Grace");
  ASSERT_THAT(set, IsOk());
  EXPECT_EQ(set->coherence, Coherence::kDeferred);
  EXPECT_THAT(fleet_.users(0).Invalidate("43"), IsOk());
  EXPECT_EQ(fleet_.line(0).calls(), calls);
  fleet_.line(0).FailAll(absl::OkStatus());
  fleet_.Beat();
  EXPECT_EQ(fleet_.users(0).stats().untold_changes, 0U);
  EXPECT_EQ(fleet_.users(1).Get("42")->bytes(), "Grace");
  EXPECT_EQ(fleet_.users(0).Set("42", "Joan")->coherence, Coherence::kApplied);
}

// Nor does who waits for the same handshake have to try as well.
TEST_F(CoherenceFaultsTest, OfAllWhoNeedAHandshakeOneWaitsForIt) {
  fleet_.server().PublishRubbish({.space = "users"});
  fleet_.line(0).FailAll(absl::DeadlineExceededError("it hangs"));
  const size_t calls = fleet_.line(0).calls();
  std::vector<std::thread> others;
  std::atomic<int> begun = 0;
  fleet_.line(0).OnCall([&] {
    fleet_.line(0).OnCall(nullptr);
    for (int i = 0; i < 4; ++i) {
      others.emplace_back([&] {
        ++begun;
        EXPECT_THAT(fleet_.users(0).Invalidate("43"), IsOk());
      });
    }
    while (begun < 4) std::this_thread::yield();
    // Time for them to come to the handshake. Who is later finds that nobody answers.
    for (int i = 0; i < 1000; ++i) std::this_thread::yield();
  });
  EXPECT_THAT(fleet_.users(0).Invalidate("42"), IsOk());
  for (std::thread& other : others) other.join();
  EXPECT_EQ(fleet_.line(0).calls(), calls + 1);
}

TEST_F(CoherenceFaultsTest, WhatCannotBeReadEndsAllProofs) {
  WriteRow("42", "Ada");
  EXPECT_EQ(Text(fleet_.users(0).Get("42")), "Ada");
  fleet_.server().PublishRubbish({.space = "users"});
  EXPECT_EQ(InMemory(fleet_.users(0), "42"), "-");
  EXPECT_EQ(fleet_.users(0).Get("42")->tier, Tier::kStore);
  fleet_.Beat();
  EXPECT_EQ(fleet_.users(0).Get("42")->tier, Tier::kShared);
  EXPECT_EQ(fleet_.users(0).Get("42")->tier, Tier::kMemory);
}

// As where the user has no right to its keys, or somebody else uses them.
TEST_F(CoherenceFaultsTest, ANamespaceThatTheTierRefusesCostsTheOthersNothing) {
  fleet_.line(0).Refuse("broken", absl::PermissionDeniedError("no right"));
  Namespace broken = fleet_.cache(0).In("broken");
  Namespace later = fleet_.cache(0).In("later");
  fleet_.Beat();
  EXPECT_EQ(broken.Set("1", "x")->coherence, Coherence::kDeferred);
  for (Namespace space : {fleet_.users(0), later}) {
    EXPECT_EQ(space.Set("42", "Ada")->coherence, Coherence::kApplied);
    fleet_.Pass(3 * kBound);
    EXPECT_EQ(InMemory(space, "42"), "Ada");
  }
  EXPECT_EQ(broken.stats().unproven, 1U);
  EXPECT_EQ(Text(broken.Get("1")), "x") << "from the store";

  fleet_.line(0).Refuse("broken", absl::OkStatus());
  fleet_.Pass(absl::Seconds(1));
  EXPECT_EQ(broken.stats().untold_changes, 0U);
  EXPECT_EQ(broken.stats().unproven, 0U);
}

TEST_F(CoherenceFaultsTest, WhatAStoppedProcessMissedItDoesNotServe) {
  WriteRow("42", "Ada");
  EXPECT_EQ(Text(fleet_.users(0).Get("42")), "Ada");
  fleet_.clock().Advance(absl::Minutes(1));  // no upkeep meanwhile
  EXPECT_EQ(InMemory(fleet_.users(0), "42"), "-");
}

TEST_F(CoherenceFaultsTest, ASuspendedMachineForgetsItsMemory) {
  WriteRow("42", "Ada");
  EXPECT_EQ(Text(fleet_.users(0).Get("42")), "Ada");
  fleet_.clock().Suspend(absl::Hours(1));
  fleet_.Beat();
  EXPECT_EQ(InMemory(fleet_.users(0), "42"), "-");
  EXPECT_EQ(Text(fleet_.users(0).Get("42")), "Ada");
  EXPECT_EQ(InMemory(fleet_.users(0), "42"), "Ada");
}

}  // namespace
}  // namespace trivet::testing
