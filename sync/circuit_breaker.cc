#include "sync/circuit_breaker.h"

namespace trivet::sync {

using engine::MutexLock;

CircuitBreaker::Permit CircuitBreaker::Ask() {
  if (!is_open_.load()) return Permit::kGo;
  MutexLock lock(mutex_);
  if (!is_open_.load()) return Permit::kGo;
  if (probing_ || clock_.Elapsed() < open_until_) return Permit::kStop;
  probing_ = true;
  return Permit::kProbe;
}

void CircuitBreaker::Answered() {
  if (timeouts_.load() != 0) timeouts_.store(0);  // not written by every answer
  if (!is_open_.load()) return;
  MutexLock lock(mutex_);
  is_open_.store(false);
  probing_ = false;
}

void CircuitBreaker::TimedOut() {
  if (timeouts_.fetch_add(1) + 1 < timeouts_max_) return;
  MutexLock lock(mutex_);
  // The last of those that were sent before it opened do not lengthen the pause.
  if (!is_open_.load()) Open();
}

void CircuitBreaker::ProbeFailed() {
  MutexLock lock(mutex_);
  // Unless another answer has closed it meanwhile.
  if (is_open_.load()) Open();
}

CircuitBreaker::State CircuitBreaker::state() const {
  if (!is_open_.load()) return State::kClosed;
  MutexLock lock(mutex_);
  return probing_ ? State::kHalfOpen : State::kOpen;
}

void CircuitBreaker::Open() {
  is_open_.store(true);
  probing_ = false;
  open_until_ = clock_.Elapsed() + pause_;
}

}  // namespace trivet::sync
