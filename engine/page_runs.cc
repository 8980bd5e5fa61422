#include "engine/page_runs.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <limits>
#include <vector>

namespace trivet::engine {
namespace {

// Free pages that keep their memory: 4 MiB, or a part of what is in use.
constexpr size_t kIdlePagesMin = 1024;
constexpr size_t kIdlePart = 128;

constexpr uint32_t kPagesPerHugePage = AddressRange::kHugePageBytes / PageRuns::kPageBytes;

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
  std::optional<uint32_t> first = TakeFree(pages);
  if (!first.has_value() && idle_pages_ > 0 && end_ - 1 - used_pages_ >= pages) {
    Trim(0);  // what is given back grows together
    first = TakeFree(pages);
  }
  if (!first.has_value()) {
    if (pages > std::numeric_limits<uint32_t>::max() - end_) return std::nullopt;
    if (!range_.Commit((size_t{end_} + pages) * kPageBytes)) return std::nullopt;
    first = end_;
    end_ += pages;
  }
  used_pages_ += pages;
  idle_least_ = std::min(idle_least_, idle_pages_);
  return first;
}

std::optional<uint32_t> PageRuns::TakeFree(uint32_t pages) {
  const auto fit = by_size_.lower_bound({pages, 0});
  if (fit == by_size_.end()) return std::nullopt;
  const uint32_t first = fit->second;
  Run rest = Take(free_.find(first));
  rest.pages -= pages;
  if (rest.pages > 0) Insert(first + pages, rest);
  if (!rest.idle && range_.prefers_huge_pages()) ExpectHugePages(first, pages);
  return first;
}

void PageRuns::ExpectHugePages(uint32_t first, uint32_t pages) {
  const uint32_t begin = first / kPagesPerHugePage * kPagesPerHugePage;
  const uint32_t end =
      (first + pages + kPagesPerHugePage - 1) / kPagesPerHugePage * kPagesPerHugePage;
  auto it = free_.upper_bound(begin);
  if (it != free_.begin()) --it;
  std::vector<std::pair<uint32_t, uint32_t>> parts;  // (first, end)
  for (; it != free_.end() && it->first < end; ++it) {
    const uint32_t run_end = it->first + it->second.pages;
    if (it->second.idle || run_end <= begin) continue;
    parts.emplace_back(std::max(it->first, begin), std::min(run_end, end));
  }
  for (const auto& [part, part_end] : parts) {
    const auto run = std::prev(free_.upper_bound(part));
    const uint32_t run_first = run->first;
    const uint32_t run_end = run_first + Take(run).pages;
    if (run_first < part) Insert(run_first, {part - run_first, false});
    if (part_end < run_end) Insert(part_end, {run_end - part_end, false});
    Join(part, {part_end - part, true});
  }
}

void PageRuns::Free(uint32_t first, uint32_t pages) {
  used_pages_ -= pages;
  Join(first, {pages, true});
  if (idle_pages_ > IdlePagesMax()) Trim(IdlePagesMax() / 2);
}

// Only with neighbours of the same kind: what was given back is not given back with them again.
void PageRuns::Join(uint32_t first, Run run) {
  const auto after = free_.find(first + run.pages);
  if (after != free_.end() && after->second.idle == run.idle) run.pages += Take(after).pages;
  auto before = free_.lower_bound(first);
  if (before != free_.begin()) {
    --before;
    if (before->first + before->second.pages == first && before->second.idle == run.idle) {
      first = before->first;
      run.pages += Take(before).pages;
    }
  }
  Insert(first, run);
}

void PageRuns::Trim(size_t idle_pages_max) {
  // The largest first: fewest system calls.
  std::vector<std::pair<uint32_t, uint32_t>> idle;  // (pages, first)
  for (const auto& [first, run] : free_) {
    if (run.idle) idle.emplace_back(run.pages, first);
  }
  std::sort(idle.begin(), idle.end(), std::greater<>());
  for (const auto& [pages, first] : idle) {
    if (idle_pages_ <= idle_pages_max) break;
    // The end of the last run may do.
    const auto given = static_cast<uint32_t>(std::min<size_t>(pages, idle_pages_ - idle_pages_max));
    const uint32_t kept = pages - given;
    range_.Discard(size_t{first + kept} * kPageBytes, size_t{given} * kPageBytes);
    Take(free_.find(first));
    if (kept > 0) Insert(first, {kept, true});
    Join(first + kept, {given, false});
  }
  idle_least_ = std::min(idle_least_, idle_pages_);
}

void PageRuns::TrimUnused() {
  Trim(idle_pages_ - std::min(idle_pages_, idle_least_));
  idle_least_ = idle_pages_;
}

void PageRuns::TrimAgain(size_t runs_max) {
  if (!range_.prefers_huge_pages()) return;
  auto it = free_.lower_bound(next_again_);
  for (size_t i = 0; i < runs_max && it != free_.end(); ++i, ++it) {
    if (it->second.idle) continue;
    range_.Discard(size_t{it->first} * kPageBytes, size_t{it->second.pages} * kPageBytes);
  }
  next_again_ = it == free_.end() ? 0 : it->first;
}

}  // namespace trivet::engine
