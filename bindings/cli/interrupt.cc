#include "bindings/cli/interrupt.h"

#include <atomic>
#include <csignal>

namespace trivet::cli {
namespace {

std::atomic<bool> interrupted = false;
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler stores it");

void Note(int) { interrupted = true; }

}  // namespace

InterruptGuard::InterruptGuard()
    : interrupt_before_(std::signal(SIGINT, Note)), terminate_before_(std::signal(SIGTERM, Note)) {
  interrupted = false;
}

InterruptGuard::~InterruptGuard() {
  std::signal(SIGINT, interrupt_before_);
  std::signal(SIGTERM, terminate_before_);
}

bool Interrupted() { return interrupted; }

}  // namespace trivet::cli
