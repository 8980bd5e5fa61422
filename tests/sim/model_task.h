// An operation of the model is a coroutine, so that it reads as the protocol is written: one step
// after the other. At each co_await everything else may happen first.
//
//   const Reply reply = co_await Ask(process, command);  // Redis executes it later, and answers
//   still later, or never co_await Pause();
#ifndef TRIVET_TESTS_SIM_MODEL_TASK_H_
#define TRIVET_TESTS_SIM_MODEL_TASK_H_

#include <coroutine>
#include <cstdint>
#include <exception>
#include <utility>

#include "tests/sim/model_redis.h"

namespace trivet::sim {

// A command under way. It lives in the coroutine that waits for it.
class Ask {
 public:
  enum class State : uint8_t { kSent, kAnswered };

  explicit Ask(const Command& command) : command_(command) {}

  const Command& command() const { return command_; }
  State state() const { return state_; }
  void Answer(const Reply& reply) {
    reply_ = reply;
    state_ = State::kAnswered;
  }

  bool await_ready() const { return false; }
  template <typename Promise>
  void await_suspend(std::coroutine_handle<Promise> waiting) {
    waiting.promise().ask = this;
  }
  Reply await_resume() const { return reply_; }

 private:
  Command command_;
  Reply reply_;
  State state_ = State::kSent;
};

using Pause = std::suspend_always;

// Owns the coroutine; destroying it in the middle is the death of who ran it.
class Task {
 public:
  struct promise_type {
    Ask* ask = nullptr;  // what the coroutine waits for

    Task get_return_object() {
      return Task(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };

  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  bool done() const { return handle_.done(); }
  Ask* ask() const { return handle_.promise().ask; }
  void Resume() {
    handle_.promise().ask = nullptr;
    handle_.resume();
  }

 private:
  explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  std::coroutine_handle<promise_type> handle_;
};

}  // namespace trivet::sim

#endif  // TRIVET_TESTS_SIM_MODEL_TASK_H_
