#include "sync/audience.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "tests/support/eventually.h"
#include "tests/sync/channel_diary.h"

namespace trivet::sync {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using trivet::testing::ChannelDiary;
using trivet::testing::Eventually;

class AudienceTest : public ::testing::Test {
 protected:
  std::shared_ptr<Seat> Enter(std::vector<std::string> channels) {
    auto seat = std::make_shared<Seat>(std::move(channels), diary_);
    audience_.Enter(seat);
    return seat;
  }

  ChannelDiary diary_;
  Audience audience_;
};

TEST_F(AudienceTest, NewsAreToldOnce) {
  EXPECT_TRUE(audience_.empty());
  const auto first = Enter({"a", "b"});
  const auto second = Enter({"b"});
  EXPECT_FALSE(audience_.empty());
  EXPECT_THAT(audience_.TakeNews().entered, ElementsAre(first, second));
  EXPECT_THAT(audience_.TakeNews().entered, IsEmpty());
  EXPECT_THAT(audience_.ListenersOf("b"), ElementsAre(first, second));
  EXPECT_THAT(audience_.ListenersOf("c"), IsEmpty());

  audience_.Leave(*first);
  EXPECT_THAT(audience_.TakeNews().deserted, ElementsAre("a"));
  EXPECT_THAT(audience_.ListenersOf("b"), ElementsAre(second));
  EXPECT_FALSE(audience_.Has(*first));
  EXPECT_TRUE(audience_.Has(*second));
  audience_.Leave(*second);
  EXPECT_THAT(audience_.TakeNews().deserted, ElementsAre("b"));
  EXPECT_TRUE(audience_.empty());
}

TEST_F(AudienceTest, AChannelWantedAgainIsNotDeserted) {
  audience_.Leave(*Enter({"a", "b"}));
  const auto second = Enter({"a"});
  const Audience::News news = audience_.TakeNews();
  EXPECT_THAT(news.entered, ElementsAre(second));
  EXPECT_THAT(news.deserted, ElementsAre("b"));
}

TEST_F(AudienceTest, WhoTakesAllTakesTheNews) {
  const auto first = Enter({"a"});
  audience_.Leave(*Enter({"b"}));
  EXPECT_THAT(audience_.TakeAll(), ElementsAre(first));
  const Audience::News news = audience_.TakeNews();
  EXPECT_THAT(news.entered, IsEmpty());
  EXPECT_THAT(news.deserted, IsEmpty());
}

TEST_F(AudienceTest, WhoHasLeftIsNotCalled) {
  const auto seat = Enter({"a"});
  int calls = 0;
  const auto count = [&](ChannelListener& listener) {
    EXPECT_EQ(&listener, &diary_);
    ++calls;
  };
  audience_.Tell(*seat, count);
  audience_.Leave(*seat);
  audience_.Tell(*seat, count);
  EXPECT_EQ(calls, 1);
}

TEST_F(AudienceTest, LeavingWaitsForTheOwnCallAndNoOther) {
  const auto slow = Enter({"a"});
  const auto other = Enter({"a"});
  std::promise<void> called, go_on;
  std::atomic<bool> returned{false};
  std::thread teller([&] {
    audience_.Tell(*slow, [&](ChannelListener&) {
      called.set_value();
      go_on.get_future().wait();
      for (int i = 0; i < 1000; ++i) std::this_thread::yield();  // who does not wait is faster
      returned = true;
    });
  });
  called.get_future().wait();
  audience_.Leave(*other);
  std::thread leaver([&] {
    audience_.Leave(*slow);
    EXPECT_TRUE(returned);
  });
  EXPECT_TRUE(Eventually([&] { return !audience_.Has(*slow); }));
  go_on.set_value();
  leaver.join();
  teller.join();
}

TEST_F(AudienceTest, AListenerMayLetOthersComeAndGo) {
  const auto seat = Enter({"a"});
  const auto other = Enter({"b"});
  std::shared_ptr<Seat> third;
  audience_.Tell(*seat, [&](ChannelListener&) {
    audience_.Leave(*other);
    third = Enter({"c"});
  });
  EXPECT_THAT(audience_.TakeAll(), ElementsAre(seat, third));
}

}  // namespace
}  // namespace trivet::sync
