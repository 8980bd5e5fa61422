#include "tests/sim/live_fibers.h"

#include <utility>

#include "engine/check.h"
#include "engine/mutex.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif

namespace trivet::sim {
namespace {

constexpr size_t kStackBytes = 256 << 10;

Fibers* running = nullptr;

#ifdef __SANITIZE_ADDRESS__

// AddressSanitizer has to know on which stack it is.
void BeginSwitch(void** left, const void* stack, size_t bytes) {
  __sanitizer_start_switch_fiber(left, stack, bytes);
}
void EndSwitch(void* entered, const void** from, size_t* from_bytes) {
  __sanitizer_finish_switch_fiber(entered, from, from_bytes);
}

#else

void BeginSwitch(void**, const void*, size_t) {}
void EndSwitch(void*, const void**, size_t*) {}

#endif

}  // namespace

Fibers::Fibers(std::function<size_t(size_t)> choose) : choose_(std::move(choose)) {
  TRIVET_CHECK(running == nullptr, "one at a time");
  running = this;
  engine::wait_instead = &Fibers::Pause;
}

Fibers::~Fibers() {
  engine::wait_instead = nullptr;
  running = nullptr;
}

void Fibers::Spawn(std::function<void()> work) {
  auto fiber = std::make_unique<Fiber>();
  fiber->work = std::move(work);
  if (stacks_.empty()) {
    fiber->stack.reset(new char[kStackBytes]);
  } else {
    fiber->stack = std::move(stacks_.back());
    stacks_.pop_back();
  }
  getcontext(&fiber->context);
  fiber->context.uc_stack.ss_sp = fiber->stack.get();
  fiber->context.uc_stack.ss_size = kStackBytes;
  fiber->context.uc_link = nullptr;
  makecontext(&fiber->context, &Fibers::Enter, 0);
  fibers_.push_back(std::move(fiber));
}

Fibers::Fiber& Fibers::Current() { return *running->current_; }

bool Fibers::IsInside() { return running != nullptr && running->current_ != nullptr; }

void Fibers::Enter() {
  EndSwitch(nullptr, &running->scheduler_stack_, &running->scheduler_stack_bytes_);
  Fiber& fiber = *running->current_;
  fiber.work();
  fiber.ended = true;
  Pause();
}

void Fibers::Pause() {
  if (running == nullptr || running->current_ == nullptr) return;
  Fiber& fiber = *std::exchange(running->current_, nullptr);
  fiber.loads = engine::ActiveLoad::Exchange(nullptr);
  if (_setjmp(fiber.place) == 0) {
    BeginSwitch(fiber.ended ? nullptr : &fiber.shadow, running->scheduler_stack_,
                running->scheduler_stack_bytes_);
    _longjmp(running->scheduler_, 1);
  }
  EndSwitch(fiber.shadow, nullptr, nullptr);
}

void Fibers::Resume(Fiber& fiber) {
  current_ = &fiber;
  engine::ActiveLoad::Exchange(fiber.loads);
  if (_setjmp(scheduler_) != 0) {
    EndSwitch(scheduler_shadow_, nullptr, nullptr);
    return;
  }
  BeginSwitch(&scheduler_shadow_, fiber.stack.get(), kStackBytes);
  if (fiber.started) _longjmp(fiber.place, 1);
  fiber.started = true;
  setcontext(&fiber.context);
}

bool Fibers::Run(size_t turns) {
  for (; turns > 0 && !fibers_.empty(); --turns) {
    const size_t index = choose_(fibers_.size());
    Fiber& fiber = *fibers_[index];
    Resume(fiber);
    if (!fiber.ended) continue;
    stacks_.push_back(std::move(fiber.stack));
    std::swap(fibers_[index], fibers_.back());
    fibers_.pop_back();
  }
  return fibers_.empty();
}

}  // namespace trivet::sim
