#include "engine/shared_set.h"

#include <string>

#include "engine/tell_part.h"

namespace trivet::engine {

SharedSet::SharedSet(SharedSpace& space, std::string_view key)
    : space_(space), key_(key), part_(space.PartOf(key)), token_(NewToken()) {
  space_.NoteOwnWrite(token_);
}

bool SharedSet::Begin() {
  const auto begun = space_.Command(part_, [&](const SharedPart& at) {
    return space_.tier().BeginWrite(at, key_, token_, space_.Deadline());
  });
  if (begun.ok()) birth_ = begun->sequence;
  return begun.ok();
}

SharedSet::Outcome SharedSet::End(uint64_t version, SharedWrite write) {
  if (!birth_.has_value()) return Tell(version, std::nullopt);
  write.version = version;
  write.birth = *birth_;
  return Tell(version, write);
}

SharedSet::Outcome SharedSet::End(uint64_t version) { return Tell(version, std::nullopt); }

SharedSet::Outcome SharedSet::Tell(uint64_t version, const std::optional<SharedWrite>& write) {
  const auto told = space_.Command(part_, [&](const SharedPart& at) {
    return space_.tier().EndWrite(at, key_, token_, version, write, space_.Deadline());
  });
  if (told.ok() && told->won) ++space_.counters().stores;
  if (told.ok()) return {.coherence = Coherence::kApplied, .stored = told->won};
  const SharedRecord change{
      .kind = SharedRecord::Kind::kKey, .version = version, .token = 0, .name = std::string(key_)};
  space_.TellLater(part_, {&change, 1});
  return {};
}

}  // namespace trivet::engine
