// Ctrl-C as a question that long work asks now and then, so that it can clean up.
#ifndef TRIVET_BINDINGS_CLI_INTERRUPT_H_
#define TRIVET_BINDINGS_CLI_INTERRUPT_H_

namespace trivet::cli {

// While one lives, SIGINT and SIGTERM only make Interrupted() true. At most one at a time.
class InterruptGuard {
 public:
  InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;
  ~InterruptGuard();

 private:
  using Handler = void (*)(int);
  Handler interrupt_before_;
  Handler terminate_before_;
};

bool Interrupted();

}  // namespace trivet::cli

#endif  // TRIVET_BINDINGS_CLI_INTERRUPT_H_
