// Handshake and heartbeat.
#include "tests/sim/model_operations.h"

namespace trivet::sim {

// The first thing on every new connection, and whenever the generation turns out to be another one.
Task ShakeHands(World& world, Process& process, uint32_t part) {
  process.domain(part).shakes_hands = true;
  const bool subscribe_first = world.Keep(Rule::kSubscribeBeforeReading);
  // Messages from here on are kept for us; what was before, the sequence tells.
  if (subscribe_first) world.Subscribe(process, part);
  const uint32_t troubles = process.domain(part).troubles;
  co_await Pause();
  const Reply reply = co_await Ask(Command{.kind = CommandKind::kFence, .part = part});
  if (!subscribe_first) world.Subscribe(process, part);
  process.domain(part).shakes_hands = false;
  if (reply.status == ReplyStatus::kDone) process.FinishHandshake(part, reply, troubles);
}

Task Heartbeat(World& world, Process& process, uint32_t part) {
  process.domain(part).beats = true;
  process.domain(part).next_beat = world.now() + world.settings().heartbeat;
  Tick asked = world.now();
  const bool log_is_clean = !world.store().HasOverdue(part, world.now());
  const Reply reply = co_await Ask(Command{.kind = CommandKind::kReadSequence, .part = part});
  if (!world.Keep(Rule::kProofCountsFromTheQuestion)) asked = world.now();
  process.domain(part).beats = false;
  if (reply.status == ReplyStatus::kDone) {
    process.FinishHeartbeat(part, reply, asked, log_is_clean);
  }
}

}  // namespace trivet::sim
