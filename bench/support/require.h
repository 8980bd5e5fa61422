// A benchmark whose parts fail measures nothing.
#ifndef TRIVET_BENCH_SUPPORT_REQUIRE_H_
#define TRIVET_BENCH_SUPPORT_REQUIRE_H_

#include <cstdio>
#include <cstdlib>

#include "absl/status/status.h"

namespace trivet::bench {

inline void Require(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::abort();
}

inline void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "failed: %s\n", what);
  std::abort();
}

}  // namespace trivet::bench

#endif  // TRIVET_BENCH_SUPPORT_REQUIRE_H_
