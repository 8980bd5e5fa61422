#include "engine/announcement.h"

#include <string>
#include <vector>

#include "engine/shared_space.h"
#include "engine/tell_part.h"
#include "trivet/backing.h"

namespace trivet::engine {

uint64_t NewTicket() { return (NewToken() >> 2) | 1; }

Announcement::Announcement(Core& core, NamespaceState& space, Coherence* told)
    : core_(core),
      space_(space),
      ticket_(space.shared() == nullptr ? kUnlogged : NewTicket()),
      told_(told) {
  if (told_ != nullptr) *told_ = Coherence::kLocal;
}

Coherence Announcement::OfKeys(std::span<const std::string_view> keys) {
  if (shared() == nullptr) return Coherence::kLocal;
  std::vector<SharedRecord> changes;
  changes.reserve(keys.size());
  for (const std::string_view key : keys) {
    changes.push_back({.kind = SharedRecord::Kind::kKey, .name = std::string(key)});
  }
  return Of(changes);
}

Coherence Announcement::OfGroup(SharedRecord::Kind kind, std::string_view name) {
  const SharedRecord change{.kind = kind, .name = std::string(name)};
  return Of({&change, 1});
}

Coherence Announcement::Of(std::span<const SharedRecord> changes, size_t rows) {
  if (shared() == nullptr || changes.empty()) return Coherence::kLocal;
  const Coherence coherence = shared()->Tell(changes);
  Note(coherence, rows);
  return coherence;
}

void Announcement::Note(Coherence coherence, size_t rows) {
  if (told_ != nullptr) *told_ = coherence;
  if (logged_ && coherence == Coherence::kApplied) core_.sharing()->ToldLogged(ticket_, rows);
}

}  // namespace trivet::engine
