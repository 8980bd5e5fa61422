#include "trivet/cache.h"

#include <algorithm>
#include <utility>

#include "engine/announcement.h"
#include "engine/check.h"
#include "engine/clear_all.h"
#include "engine/core.h"
#include "engine/memory_invalidation.h"
#include "engine/names.h"

namespace trivet {
absl::StatusOr<std::unique_ptr<Cache>> Cache::Open(CacheOptions options) {
  if (absl::Status status = Validate(options); !status.ok()) return status;
  return std::unique_ptr<Cache>(new Cache(std::make_unique<engine::Core>(std::move(options))));
}

Cache::Cache(std::unique_ptr<engine::Core> core) : core_(std::move(core)) {}

Cache::~Cache() {
  const absl::Status closed = Close();
  TRIVET_CHECK(closed.ok(), closed.ToString());
}

Namespace Cache::In(std::string_view name) {
  if (absl::Status status = engine::CheckName("namespace", name); !status.ok()) {
    return Namespace(status);
  }
  auto state = core_->spaces().Open(name, core_->options().namespace_defaults, false);
  return state.ok() ? Namespace(core_.get(), *state) : Namespace(state.status());
}

Namespace Cache::In(std::string_view name, const NamespaceOptions& options) {
  if (absl::Status status = engine::CheckName("namespace", name); !status.ok()) {
    return Namespace(status);
  }
  if (absl::Status status = Validate(options, core_->options()); !status.ok()) {
    return Namespace(status);
  }
  auto state = core_->spaces().Open(name, options, true);
  return state.ok() ? Namespace(core_.get(), *state) : Namespace(state.status());
}

absl::Status Cache::InvalidateTag(std::string_view tag, Coherence* told) {
  if (absl::Status status = core_->CheckOpen(); !status.ok()) return status;
  if (absl::Status status = engine::CheckName("tag", tag); !status.ok()) return status;
  Coherence worst = Coherence::kLocal;
  Coherence one = Coherence::kLocal;
  for (engine::NamespaceState* space : core_->spaces().All()) {
    engine::Announcement announcement(*core_, *space, &one);
    announcement.OfGroup(SharedRecord::Kind::kTag, tag);
    worst = std::max(worst, one);
    engine::InvalidateTag(core_->memory(), space, tag);
  }
  if (told != nullptr) *told = worst;
  return absl::OkStatus();
}

absl::Status Cache::ClearAll(Coherence* told) {
  if (absl::Status status = core_->CheckOpen(); !status.ok()) return status;
  return engine::ClearAll(*core_, told);
}

absl::Status Cache::Resize(const Capacity& capacity) {
  if (absl::Status status = core_->CheckOpen(); !status.ok()) return status;
  CacheOptions resized;
  resized.memory_bytes = capacity.memory_bytes;
  resized.max_entries = capacity.max_entries;
  resized.shards = core_->memory().shard_count();
  if (absl::Status status = Validate(resized); !status.ok()) return status;
  core_->memory().Resize(capacity);
  return absl::OkStatus();
}

bool Cache::Maintain(size_t budget) { return core_->IsOpen() && core_->Maintain(budget); }

Stats Cache::stats() const {
  Stats stats;
  for (engine::NamespaceState* space : core_->spaces().All()) {
    stats += Namespace(core_.get(), space).stats();
  }
  core_->memory().SetTotals(&stats);
  return stats;
}

absl::Status Cache::Close() { return core_->Close(); }

}  // namespace trivet
