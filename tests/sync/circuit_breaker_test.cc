#include "sync/circuit_breaker.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>

#include "absl/time/time.h"
#include "tests/support/crew.h"
#include "trivet/clock.h"

namespace trivet::sync {
namespace {

using Permit = CircuitBreaker::Permit;
using State = CircuitBreaker::State;

class CircuitBreakerTest : public ::testing::Test {
 protected:
  void TimeOut(int times) {
    for (int i = 0; i < times; ++i) breaker_.TimedOut();
  }

  ManualClock clock_;
  CircuitBreaker breaker_{3, absl::Seconds(1), clock_};
};

TEST_F(CircuitBreakerTest, OpensAtTheThirdTimeoutInARow) {
  TimeOut(2);
  EXPECT_EQ(breaker_.Ask(), Permit::kGo);
  breaker_.Answered();
  TimeOut(2);
  EXPECT_EQ(breaker_.Ask(), Permit::kGo);
  TimeOut(1);
  EXPECT_EQ(breaker_.Ask(), Permit::kStop);
  EXPECT_EQ(breaker_.state(), State::kOpen);
}

TEST_F(CircuitBreakerTest, AfterThePauseOneProbes) {
  TimeOut(3);
  clock_.Advance(absl::Milliseconds(999));
  EXPECT_EQ(breaker_.Ask(), Permit::kStop);
  clock_.Advance(absl::Milliseconds(1));
  EXPECT_EQ(breaker_.Ask(), Permit::kProbe);
  EXPECT_EQ(breaker_.state(), State::kHalfOpen);
  EXPECT_EQ(breaker_.Ask(), Permit::kStop);
  breaker_.Answered();
  EXPECT_EQ(breaker_.Ask(), Permit::kGo);
  EXPECT_EQ(breaker_.state(), State::kClosed);
  TimeOut(2);  // counted anew
  EXPECT_EQ(breaker_.state(), State::kClosed);
}

TEST_F(CircuitBreakerTest, AProbeThatFailsOpensItForAnotherPause) {
  TimeOut(3);
  clock_.Advance(absl::Seconds(1));
  ASSERT_EQ(breaker_.Ask(), Permit::kProbe);
  breaker_.TimedOut();
  breaker_.ProbeFailed();
  EXPECT_EQ(breaker_.Ask(), Permit::kStop);
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(breaker_.Ask(), Permit::kProbe);
}

TEST_F(CircuitBreakerTest, LateTimeoutsDoNotLengthenThePause) {
  TimeOut(3);
  clock_.Advance(absl::Milliseconds(900));
  TimeOut(5);
  clock_.Advance(absl::Milliseconds(100));
  EXPECT_EQ(breaker_.Ask(), Permit::kProbe);
}

TEST_F(CircuitBreakerTest, ALateAnswerClosesIt) {
  TimeOut(3);
  breaker_.Answered();
  EXPECT_EQ(breaker_.Ask(), Permit::kGo);
  breaker_.ProbeFailed();  // of a probe that the answer has overtaken
  EXPECT_EQ(breaker_.Ask(), Permit::kGo);
}

TEST_F(CircuitBreakerTest, OfManyThreadsOneProbes) {
  TimeOut(3);
  clock_.Advance(absl::Seconds(1));
  std::atomic<int> probes{0};
  trivet::testing::RunCrew(8, 1, [&](size_t, auto&) {
    for (int i = 0; i < 1000; ++i) {
      if (breaker_.Ask() == Permit::kProbe) ++probes;
    }
  });
  EXPECT_EQ(probes, 1);
}

}  // namespace
}  // namespace trivet::sync
