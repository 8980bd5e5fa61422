// A thread of a benchmark stays on one core.
#ifndef TRIVET_BENCH_SUPPORT_PINNED_THREAD_H_
#define TRIVET_BENCH_SUPPORT_PINNED_THREAD_H_

#include <pthread.h>
#include <sched.h>

namespace trivet::bench {

// Keeps the calling thread on the `number`-th of the program's cores (from 0, around again where
// there are fewer) to its end. Threads it starts afterwards inherit the core.
inline void PinThisThread(int number) {
  static const cpu_set_t all = [] {
    cpu_set_t set;
    CPU_ZERO(&set);
    sched_getaffinity(0, sizeof(set), &set);
    return set;
  }();
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
