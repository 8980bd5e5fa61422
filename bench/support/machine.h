// What the figures were measured on.
#ifndef TRIVET_BENCH_SUPPORT_MACHINE_H_
#define TRIVET_BENCH_SUPPORT_MACHINE_H_

#include <cstddef>

#include "nlohmann/json.hpp"

namespace trivet::bench {

// Processor, cores, kernel, huge pages, memory, load and date.
nlohmann::ordered_json DescribeMachine();

// Of the last minute: how much else ran.
double LoadAverage();

// What can be had without swapping, after this process has given back what it does not use; 0 if
// the system does not say.
size_t AvailableBytes();

// Of this process, in memory now.
size_t ResidentBytes();

}  // namespace trivet::bench

#endif  // TRIVET_BENCH_SUPPORT_MACHINE_H_
