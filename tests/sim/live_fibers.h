// Many threads on one, in an order that a seed decides.
#ifndef TRIVET_TESTS_SIM_LIVE_FIBERS_H_
#define TRIVET_TESTS_SIM_LIVE_FIBERS_H_

#include <setjmp.h>
#include <ucontext.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "engine/active_loads.h"

namespace trivet::sim {

// Fibers take turns where they call Pause, and where the code under test would wait (see
// engine::wait_instead). Between two turns `choose` says whose turn it is: things may happen there.
//
// All on one thread, one Fibers at a time.
class Fibers {
 public:
  // `choose(n)` returns less than n.
  explicit Fibers(std::function<size_t(size_t)> choose);
  Fibers(const Fibers&) = delete;
  Fibers& operator=(const Fibers&) = delete;
  ~Fibers();

  void Spawn(std::function<void()> work);

  // Until all have ended, or `turns` have been taken. False: some have not.
  bool Run(size_t turns);
  size_t size() const { return fibers_.size(); }

  // Of the fiber that runs, for whatever its work wants; null at first. REQUIRES: one runs.
  static void*& Local() { return Current().local; }
  static bool IsInside();

  // Ends the turn of the fiber that runs. Nothing where none does.
  static void Pause();

 private:
  struct Fiber {
    ucontext_t context;  // where it begins
    jmp_buf place;       // where it goes on: swapcontext would make system calls each time
    bool started = false;
    std::unique_ptr<char[]> stack;
    std::function<void()> work;
    bool ended = false;
    void* local = nullptr;
    void* shadow = nullptr;  // of its stack, AddressSanitizer's
    const engine::ActiveLoad* loads = nullptr;
  };

  static void Enter();
  static Fiber& Current();
  void Resume(Fiber& fiber);

  const std::function<size_t(size_t)> choose_;
  std::vector<std::unique_ptr<Fiber>> fibers_;
  std::vector<std::unique_ptr<char[]>> stacks_;  // to be used again
  Fiber* current_ = nullptr;
  jmp_buf scheduler_;
  const void* scheduler_stack_ = nullptr;
  size_t scheduler_stack_bytes_ = 0;
  void* scheduler_shadow_ = nullptr;
};

}  // namespace trivet::sim

#endif  // TRIVET_TESTS_SIM_LIVE_FIBERS_H_
