#include "engine/page_runs.h"

#include <algorithm>
#include <limits>

namespace trivet::engine {
namespace {

// Free pages that keep their memory: 4 MiB, or a part of what is in use.
constexpr size_t kIdlePagesMin = 1024;
constexpr size_t kIdlePart = 128;

}  // namespace

size_t PageRuns::IdlePagesMax() const { return std::max(kIdlePagesMin, used_pages_ / kIdlePart); }

void PageRuns::Insert(uint32_t first, Run run) {
  free_.emplace(first, run);
  by_size_.emplace(run.pages, first);
  if (run.idle) idle_pages_ += run.pages;
}

PageRuns::Run PageRuns::Take(Runs::iterator it) {
  const Run run = it->second;
  by_size_.erase({run.pages, it->first});
  free_.erase(it);
  if (run.idle) idle_pages_ -= run.pages;
  return run;
}

std::optional<uint32_t> PageRuns::Allocate(uint32_t pages) {
  uint32_t first = end_;
  const auto fit = by_size_.lower_bound({pages, 0});
  if (fit != by_size_.end()) {
    first = fit->second;
    Run rest = Take(free_.find(first));
    rest.pages -= pages;
    if (rest.pages > 0) Insert(first + pages, rest);
  } else {
    if (pages > std::numeric_limits<uint32_t>::max() - end_) return std::nullopt;
    if (!range_.Commit((size_t{end_} + pages) * kPageBytes)) return std::nullopt;
    end_ += pages;
  }
  used_pages_ += pages;
  return first;
}

void PageRuns::Free(uint32_t first, uint32_t pages) {
  used_pages_ -= pages;
  Run run{pages, true};
  const auto after = free_.find(first + pages);
  if (after != free_.end()) run.pages += Take(after).pages;
  auto before = free_.lower_bound(first);
  if (before != free_.begin() && (--before)->first + before->second.pages == first) {
    first = before->first;
    run.pages += Take(before).pages;
  }
  Insert(first, run);
  if (idle_pages_ > IdlePagesMax()) Trim(IdlePagesMax() / 2);
}

void PageRuns::Trim(size_t idle_pages_max) {
  // The largest first: fewest system calls.
  for (auto it = by_size_.rbegin(); it != by_size_.rend() && idle_pages_ > idle_pages_max; ++it) {
    Run& run = free_.find(it->second)->second;
    if (!run.idle) continue;
    range_.Discard(size_t{it->second} * kPageBytes, size_t{run.pages} * kPageBytes);
    run.idle = false;
    idle_pages_ -= run.pages;
  }
}

}  // namespace trivet::engine
