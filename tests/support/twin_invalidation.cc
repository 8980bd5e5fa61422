// Invalidation by key, tag, pattern and namespace.
#include <fnmatch.h>

#include "absl/strings/str_cat.h"
#include "tests/support/twin_cache.h"

namespace trivet::testing {

void TwinCache::Invalidate(Name name) {
  Begin("Invalidate", name);
  Check(SpaceOf(name.space).Invalidate(KeyOf(name)).ok(), "Invalidate");
  AcceptDepartures();
  if (memory_.FindLive(name) != nullptr) ExpectDeparture(name, RemovalCause::kInvalidated);
  FenceKey(name);
  End();
}

void TwinCache::MInvalidate(int space, const std::vector<int>& keys) {
  Begin("MInvalidate", {space, keys.front()});
  Check(SpaceOf(space).MInvalidate(KeysOf(keys)).ok(), "MInvalidate");
  AcceptDepartures();
  for (const int key : keys) {
    const Name name{space, key};
    if (memory_.FindLive(name) != nullptr) ExpectDeparture(name, RemovalCause::kInvalidated);
    FenceKey(name);
  }
  End();
}

void TwinCache::InvalidateTags(int space, uint32_t tags) {
  Begin("InvalidateTags", {space, static_cast<int>(tags)});
  const std::vector<std::string> names = TagNames(tags);
  const std::vector<std::string_view> views(names.begin(), names.end());
  Check(SpaceOf(space).InvalidateTags(views).ok(), "InvalidateTags");
  for (int tag = 0; tag < kTags; ++tag) {
    if ((tags >> tag & 1) != 0) KillTag(space, tag);
  }
  End();
}

void TwinCache::InvalidateTagEverywhere(int tag) {
  Begin("InvalidateTagEverywhere", {0, tag});
  Check(cache_->InvalidateTag(absl::StrCat("t", tag)).ok(), "Cache::InvalidateTag");
  for (int space = 0; space < kSpaces; ++space) KillTag(space, tag);
  End();
}

void TwinCache::InvalidatePattern(int space, const std::string& pattern) {
  Begin("InvalidatePattern", {space, 0});
  const absl::StatusOr<size_t> dropped = SpaceOf(space).InvalidatePattern(pattern);
  size_t expected = 0;
  for (int key = 0; key < options_.keys; ++key) {
    const Name name{space, key};
    if (fnmatch(pattern.c_str(), keys_[static_cast<size_t>(key)].c_str(), 0) != 0) continue;
    FenceKey(name);
    if (memory_.FindLive(name) == nullptr) continue;
    ExpectDeparture(name, RemovalCause::kInvalidated);
    ++expected;
  }
  Check(dropped.ok(), "InvalidatePattern");
  if (dropped.ok()) Same(*dropped, expected, "what InvalidatePattern dropped");
  End();
}

void TwinCache::DeleteTag(int space, int tag) {
  Begin("DeleteTag", {space, tag});
  const absl::Status status = SpaceOf(space).DeleteTag(absl::StrCat("t", tag));
  const bool failed = HasStore(space) && IsFault(status);
  if (HasStore(space)) ++CountersOf(space).store_writes;
  if (failed) ++CountersOf(space).store_errors;
  Check(status.ok() || failed, "DeleteTag");
  if (!failed) {
    std::erase_if(rows_, [&](const auto& row) {
      return row.first.space == space && (row.second.tags >> tag & 1) != 0;
    });
  } else if (status.code() == absl::StatusCode::kUnknown) {
    for (int key = 0; key < options_.keys; ++key) ReadBackRow({space, key});
  }
  if (!failed || status.code() == absl::StatusCode::kUnknown) KillTag(space, tag);
  End();
}

void TwinCache::Clear(int space) {
  Begin("Clear", {space, 0});
  const absl::Status status = SpaceOf(space).Clear();
  const bool failed = HasStore(space) && IsFault(status);
  if (HasStore(space)) ++CountersOf(space).store_writes;
  if (failed) ++CountersOf(space).store_errors;
  Check(status.ok() || failed, "Clear");
  if (!failed) {
    std::erase_if(rows_, [&](const auto& row) { return row.first.space == space; });
  } else if (status.code() == absl::StatusCode::kUnknown) {
    for (int key = 0; key < options_.keys; ++key) ReadBackRow({space, key});
  }
  if (!failed || status.code() == absl::StatusCode::kUnknown) KillSpace(space);
  End();
}

void TwinCache::ClearAll() {
  Begin("ClearAll", {});
  const absl::Status status = cache_->ClearAll();
  const bool failed = options_.store && IsFault(status);
  Check(status.ok() || failed, "ClearAll");
  if (!failed) {
    rows_.clear();
  } else if (status.code() == absl::StatusCode::kUnknown) {
    for (int space = 0; space < 2; ++space) {
      for (int key = 0; key < options_.keys; ++key) ReadBackRow({space, key});
    }
  }
  if (!failed || status.code() == absl::StatusCode::kUnknown) {
    for (int space = 0; space < kSpaces; ++space) KillSpace(space);
  }
  End();
}

}  // namespace trivet::testing
