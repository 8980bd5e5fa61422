#include "engine/maintenance_thread.h"

#include <utility>

namespace trivet::engine {

void MaintenanceThread::Start(absl::Duration period, std::function<bool()> work) {
  MutexLock lock(join_mu_);
  thread_ = std::thread([this, period, work = std::move(work)] { Run(period, work); });
}

void MaintenanceThread::Wake() {
  MutexLock lock(mu_);
  wake_ = true;
  changed_.SignalAll();
}

void MaintenanceThread::Stop() {
  {
    MutexLock lock(mu_);
    stop_ = true;
    changed_.SignalAll();
  }
  MutexLock lock(join_mu_);
  if (thread_.joinable()) thread_.join();
}

void MaintenanceThread::Run(absl::Duration period, const std::function<bool()>& work) {
  bool more = false;
  while (true) {
    {
      MutexLock lock(mu_);
      if (!stop_ && !wake_ && !more) changed_.WaitFor(mu_, period);
      if (stop_) return;
      wake_ = false;
    }
    more = work();
  }
}

}  // namespace trivet::engine
