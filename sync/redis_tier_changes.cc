// The changes of RedisTier, and how to hear of them.
#include <utility>

#include "engine/check.h"
#include "engine/glob.h"
#include "sync/little_endian.h"
#include "sync/pattern_sweep.h"
#include "sync/redis_tier.h"
#include "sync/redis_tier_subscription.h"
#include "sync/tier_scripts.h"

namespace trivet::sync {
namespace {

using Kind = SharedRecord::Kind;

std::string BytesOf(uint64_t number) {
  std::string bytes;
  AppendNumber(number, bytes);
  return bytes;
}

}  // namespace

absl::StatusOr<SharedAnswer> RedisTier::BeginWrite(const SharedPart& part, std::string_view key,
                                                   uint64_t token, absl::Duration deadline) {
  const RedisNames names = Names(part);
  ScriptWords script =
      Of(Scripts().begin_write, names, part,
         MessageOf(part, {.kind = Kind::kWriting, .token = token, .name = std::string(key)}));
  script.Key(names.Key(key)).Argument(BytesOf(token)).Argument(claim_life_);
  return RunAll(part, {&script, 1}, deadline);
}

absl::StatusOr<SharedAnswer> RedisTier::EndWrite(const SharedPart& part, std::string_view key,
                                                 uint64_t token, uint64_t version,
                                                 const std::optional<SharedWrite>& write,
                                                 absl::Duration deadline) {
  TRIVET_DCHECK(!write || write->version == version, "one version");
  const RedisNames names = Names(part);
  ScriptWords script =
      Of(Scripts().end_write, names, part,
         MessageOf(
             part,
             {.kind = Kind::kKey, .version = version, .token = token, .name = std::string(key)}));
  script.Key(names.Key(key)).Argument(BytesOf(token)).Argument(BytesOf(version));
  script.Argument(tomb_life_);
  if (write && Fits(*write)) AddValue(token, *write, script);
  return RunAll(part, {&script, 1}, deadline);
}

absl::StatusOr<SharedAnswer> RedisTier::InvalidateKeys(const SharedPart& part,
                                                       std::span<const SharedChange> changes,
                                                       absl::Duration deadline) {
  const RedisNames names = Names(part);
  std::vector<ScriptWords> scripts;
  for (size_t done = 0; done < changes.size();) {
    MessageBuilder message(origin_, part.generation);
    const size_t first = done;
    while (done < changes.size() &&
           message.Add(Kind::kKey, changes[done].version, 0, changes[done].key)) {
      ++done;
    }
    ScriptWords& script =
        scripts.emplace_back(Of(Scripts().invalidate, names, part, message)).Argument(tomb_life_);
    for (const SharedChange& change : changes.subspan(first, done - first)) {
      script.Key(names.Key(change.key)).Argument(BytesOf(change.version));
    }
  }
  return RunAll(part, scripts, deadline);
}

absl::StatusOr<SharedAnswer> RedisTier::InvalidateTags(const SharedPart& part,
                                                       std::span<const std::string_view> tags,
                                                       absl::Duration deadline) {
  const RedisNames names = Names(part);
  std::vector<ScriptWords> scripts;
  for (size_t done = 0; done < tags.size();) {
    MessageBuilder message(origin_, part.generation);
    const size_t first = done;
    while (done < tags.size() && message.Add(Kind::kTag, 0, 0, tags[done])) ++done;
    ScriptWords& script = scripts.emplace_back(Of(Scripts().invalidate_tags, names, part, message))
                              .Argument(std::to_string(options_.stamps_max));
    for (const std::string_view tag : tags.subspan(first, done - first)) {
      script.Argument(StampField(tag));
    }
  }
  return RunAll(part, scripts, deadline);
}

// First the keys, then the record: in the other order memory elsewhere would take the rest from
// Redis after it had dropped what matches.
absl::StatusOr<SharedAnswer> RedisTier::InvalidatePattern(const SharedPart& part,
                                                          std::string_view pattern,
                                                          absl::Duration deadline) {
  absl::StatusOr<engine::Glob> glob = engine::Glob::Compile(pattern);
  if (!glob.ok()) return glob.status();
  const absl::StatusOr<bool> swept = PatternSweep(*client_, part, pattern, *glob).Run(deadline);
  if (!swept.ok()) return swept.status();
  if (!*swept) return SharedAnswer{.current = false};
  const ScriptWords script =
      Of(Scripts().pattern, Names(part), part,
         MessageOf(part, {.kind = Kind::kPattern, .name = std::string(pattern)}));
  return RunAll(part, {&script, 1}, deadline);
}

absl::StatusOr<SharedAnswer> RedisTier::Clear(const SharedPart& part, uint64_t new_generation,
                                              absl::Duration deadline) {
  SharedPart after = part;
  after.generation = new_generation;
  ScriptWords script = Of(Scripts().clear, Names(part), part,
                          MessageOf(after, {.kind = Kind::kClear, .version = part.generation}));
  script.Argument(GenerationText(new_generation));
  return RunAll(part, {&script, 1}, deadline);
}

absl::StatusOr<std::unique_ptr<SharedSubscription>> RedisTier::Subscribe(
    std::span<const SharedPart> parts, SharedListener& listener) {
  return RedisTierSubscription::Start(*subscriber_, client_->names(), parts, listener);
}

}  // namespace trivet::sync
