// Calls a piece of work now and then, until it is stopped.
#ifndef TRIVET_ENGINE_MAINTENANCE_THREAD_H_
#define TRIVET_ENGINE_MAINTENANCE_THREAD_H_

#include <functional>
#include <thread>

#include "absl/time/time.h"
#include "engine/mutex.h"

namespace trivet::engine {

// One thread. Real time, not the cache's clock: it paces work and decides nothing.
//
// Thread-safety: Stop may be called from any thread except this one, any number of times.
class MaintenanceThread {
 public:
  MaintenanceThread() = default;
  MaintenanceThread(const MaintenanceThread&) = delete;
  MaintenanceThread& operator=(const MaintenanceThread&) = delete;
  ~MaintenanceThread() { Stop(); }

  // Calls `work` every `period`, and at once again while it returns true (there is more to do).
  // REQUIRES: called once.
  void Start(absl::Duration period, std::function<bool()> work);

  // Has the work called soon, also if it is running just now. Nothing happens before Start.
  void Wake();

  // Waits for the work that is running. Nothing runs afterwards.
  void Stop();

 private:
  void Run(absl::Duration period, const std::function<bool()>& work);

  Mutex mu_;
  CondVar changed_;
  bool stop_ TRIVET_GUARDED_BY(mu_) = false;
  bool wake_ TRIVET_GUARDED_BY(mu_) = false;
  Mutex join_mu_;
  std::thread thread_ TRIVET_GUARDED_BY(join_mu_);
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_MAINTENANCE_THREAD_H_
