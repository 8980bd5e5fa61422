#include "engine/clear_all.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "engine/announcement.h"
#include "engine/memory_invalidation.h"
#include "engine/namespace_state.h"
#include "engine/store_access.h"
#include "engine/store_call.h"
#include "trivet/backing.h"
#include "trivet/shared_messages.h"

namespace trivet::engine {
namespace {

// What came of telling of each namespace that is open.
using Told = std::map<std::string_view, Coherence>;

Told ClearOpen(Core& core) {
  Told told;
  for (NamespaceState* space : core.spaces().All()) {
    Coherence& one = told[space->name()];
    Announcement(core, *space, &one).OfGroup(SharedRecord::Kind::kClear, "");
    Clear(core.memory(), space);
  }
  return told;
}

// The store logged the end of every namespace it knows. Rows of which all others know are over; of
// the rest others hear when the relay finds them.
Coherence SettleRows(Core& core, uint64_t ticket, const Told& told) {
  const auto rows =
      StoreCall([&] { return core.options().backing->ReadChangeLog(kNamespacesMax); });
  if (!rows.ok()) return Coherence::kDeferred;
  Coherence worst = Coherence::kLocal;
  for (const LoggedChange& row : *rows) {
    if (row.ticket - ticket >= kNamespacesMax) continue;  // of another change
    const auto open = told.find(row.namespace_name);
    if (open == told.end()) {
      worst = Coherence::kDeferred;
    } else if (open->second == Coherence::kApplied) {
      core.sharing()->ToldLogged(row.ticket, 1);
    }
  }
  return worst;
}

}  // namespace

absl::Status ClearAll(Core& core, Coherence* told) {
  const auto& backing = core.options().backing;
  const uint64_t ticket = backing == nullptr || core.sharing() == nullptr ? kUnlogged : NewTicket();
  absl::Status outcome;
  if (backing != nullptr) outcome = StoreCall([&] { return backing->ClearAll(ticket); });
  if (!outcome.ok() && !MayHaveCommitted(outcome)) return outcome;
  const Told of_open = ClearOpen(core);
  Coherence worst = ticket == kUnlogged ? Coherence::kLocal : SettleRows(core, ticket, of_open);
  for (const auto& [name, one] : of_open) worst = std::max(worst, one);
  if (told != nullptr) *told = worst;
  return outcome;
}

}  // namespace trivet::engine
