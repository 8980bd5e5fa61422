// Many namespaces on the one subscription connection of a tier.
#include "sync/redis_tier_subscription.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/support/message_diary.h"
#include "tests/sync/redis_rig.h"
#include "trivet/redis_tier.h"

namespace trivet::sync {
namespace {

using trivet::testing::Eventually;
using trivet::testing::MessageDiary;
using trivet::testing::RedisRig;

class RedisTierSubscriptionTest : public ::testing::Test {
 protected:
  // A namespace that somebody listens to.
  struct Space {
    std::string name;
    MessageDiary diary = {};
    std::unique_ptr<SharedSubscription> subscription = {};
  };

  void Listen(Space& space) {
    const SharedPart part{.space = space.name};
    auto subscription = tier_->Subscribe({&part, 1}, space.diary);
    ASSERT_TRUE(subscription.ok()) << subscription.status();
    space.subscription = *std::move(subscription);
  }
  Space& AddSpace() {
    spaces_.emplace_back().name = absl::StrCat("space", spaces_.size());
    Listen(spaces_.back());
    return spaces_.back();
  }
  bool AllListen(int times) {
    return Eventually([&] {
      for (const Space& space : spaces_) {
        if (space.subscription != nullptr && space.diary.listening() != times) return false;
      }
      return true;
    });
  }
  size_t Connections() {
    const std::string list = rig_.Do({"CLIENT", "LIST", "TYPE", "pubsub"}).text;
    return static_cast<size_t>(std::count(list.begin(), list.end(), '\n'));
  }

  // Another process, which changes a namespace.
  class Writer {
   public:
    Writer(RedisRig& rig, const std::string& name) : rig_(rig), name_(name) {
      const auto state = tier_->Fence(part_, 7, rig_.Deadline());
      EXPECT_TRUE(state.ok()) << state.status();
      part_.generation = state->generation;
      part_.server = state->server;
    }
    uint64_t Change() {
      const SharedChange change{.key = "k"};
      const auto answer = tier_->InvalidateKeys(part_, {&change, 1}, rig_.Deadline());
      EXPECT_TRUE(answer.ok() && answer->current) << answer.status();
      return answer.ok() ? answer->sequence : 0;
    }

   private:
    RedisRig& rig_;
    const std::string name_;
    const std::unique_ptr<SharedTier> tier_ = rig_.Connect();
    SharedPart part_{.space = name_};
  };

  // All that was heard, without a gap, up to this change.
  static void ExpectContiguousUpTo(const MessageDiary& diary, uint64_t sequence) {
    ASSERT_TRUE(Eventually([&] {
      const auto messages = diary.messages();
      return !messages.empty() && messages.back().second.sequence == sequence;
    }));
    const auto messages = diary.messages();
    uint64_t next = messages.front().second.sequence;
    for (const auto& [part, message] : messages) {
      ASSERT_EQ(message.sequence, next);
      next += message.records.size();
    }
  }

  RedisRig rig_{RedisTierOptions{}};
  std::unique_ptr<SharedTier> tier_ = rig_.Connect();
  std::deque<Space> spaces_;  // end before the tier
};

TEST_F(RedisTierSubscriptionTest, FiftyNamespacesShareOneConnection) {
  for (int i = 0; i < 50; ++i) AddSpace();
  ASSERT_TRUE(AllListen(1));
  EXPECT_EQ(Connections(), 1u);
  for (Space& space : spaces_) {
    const uint64_t sequence = Writer(rig_, space.name).Change();
    ExpectContiguousUpTo(space.diary, sequence);
    EXPECT_EQ(space.diary.messages().size(), 2u);  // the fence is one, too
  }
  rig_.Do({"CLIENT", "KILL", "TYPE", "pubsub"});
  ASSERT_TRUE(AllListen(2));
  EXPECT_EQ(Connections(), 1u);
  for (const Space& space : spaces_) EXPECT_EQ(space.diary.lost(), 1);
}

TEST_F(RedisTierSubscriptionTest, NamespacesThatComeAndGoCostOthersNoMessage) {
  Space& steady = AddSpace();
  ASSERT_TRUE(AllListen(1));
  Writer writer(rig_, steady.name);
  std::atomic<bool> stop{false};
  uint64_t last = 0;
  std::thread changing([&] {
    do {
      last = writer.Change();
    } while (!stop);
  });
  std::vector<Space*> added;
  for (int i = 0; i < 50; ++i) {
    added.push_back(&AddSpace());
    if (i % 3 == 2) added[static_cast<size_t>(i / 2)]->subscription.reset();
  }
  EXPECT_TRUE(AllListen(1));
  stop = true;
  changing.join();
  ExpectContiguousUpTo(steady.diary, last);
  EXPECT_EQ(steady.diary.listening(), 1);
  EXPECT_EQ(steady.diary.lost(), 0);
  EXPECT_EQ(Connections(), 1u);
}

// Channels belong to no database, and programs with other stores may have namespaces of that name.
TEST_F(RedisTierSubscriptionTest, OtherDatabasesAndPrefixesAreNotHeard) {
  Space& ours = AddSpace();
  ASSERT_TRUE(AllListen(1));
  for (const RedisOptions& elsewhere :
       {RedisOptions{.url = rig_.server().UnixUrl() + "?db=1"},
        RedisOptions{.url = rig_.server().UnixUrl(), .prefix = "staging:"}}) {
    auto tier = OpenRedisTier({.redis = elsewhere});
    ASSERT_TRUE(tier.ok()) << tier.status();
    ASSERT_TRUE((*tier)->Fence({.space = ours.name}, 7, rig_.Deadline()).ok());
  }
  ExpectContiguousUpTo(ours.diary, Writer(rig_, ours.name).Change());
  EXPECT_EQ(ours.diary.messages().size(), 2u);  // the fence and the change
}

}  // namespace
}  // namespace trivet::sync
