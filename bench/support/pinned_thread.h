// A thread of a benchmark stays on one core.
#ifndef TRIVET_BENCH_SUPPORT_PINNED_THREAD_H_
#define TRIVET_BENCH_SUPPORT_PINNED_THREAD_H_

#include <pthread.h>
#include <sched.h>

namespace trivet::bench {

// Those the program was started with. REQUIRES: first called before any thread was pinned.
inline const cpu_set_t& AllCores() {
  static const cpu_set_t all = [] {
    cpu_set_t set;
    CPU_ZERO(&set);
    sched_getaffinity(0, sizeof(set), &set);
    return set;
  }();
  return all;
}

// Lets the calling thread run on any core again.
inline void UnpinThisThread() {
  pthread_setaffinity_np(pthread_self(), sizeof(cpu_set_t), &AllCores());
}

// Keeps the calling thread on the `number`-th of the program's cores (from 0, around again where
// there are fewer) to its end. Threads it starts afterwards inherit the core.
inline void PinThisThread(int number) {
  const cpu_set_t& all = AllCores();
  if (CPU_COUNT(&all) == 0) return;
  int wanted = number % CPU_COUNT(&all);
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (!CPU_ISSET(core, &all) || wanted-- > 0) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(core, &one);
    pthread_setaffinity_np(pthread_self(), sizeof(one), &one);
    return;
  }
}

}  // namespace trivet::bench

#endif  // TRIVET_BENCH_SUPPORT_PINNED_THREAD_H_
