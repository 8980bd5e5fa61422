// Process: messages, handshakes and proofs.
#include <algorithm>

#include "tests/sim/model_process.h"

namespace trivet::sim {

void Process::Receive(uint32_t part, const Record& record) {
  Domain& domain = domains_[part];
  const bool next = record.sequence == domain.applied + 1;
  if (record.generation != domain.generation) {
    if (record.kind == RecordKind::kClear && record.previous == domain.generation && next) {
      domain.generation = record.generation;
    } else {
      BumpEpoch(part);
      Distrust(part);
      return;
    }
  } else if (record.sequence <= domain.applied) {
    return;
  } else if (!next && settings_.Keep(Rule::kLossBumpsTheEpoch)) {
    BumpEpoch(part);
  }
  domain.applied = record.sequence;
  ApplyRecord(part, record);
  if (domain.awaits && domain.applied >= domain.awaited_sequence) {
    domain.awaits = false;
    domain.memory_until = std::max(domain.memory_until, domain.awaited_at + settings_.bound);
  }
}

void Process::ApplyRecord(uint32_t part, const Record& record) {
  switch (record.kind) {
    case RecordKind::kWriting:
    case RecordKind::kKey:
      ApplyKey(record.key, record.version, record.token);
      break;
    case RecordKind::kTag:
      ApplyTag(record.tag);
      break;
    case RecordKind::kPattern:
      ApplyPattern(record.keys);
      break;
    case RecordKind::kClear:
    case RecordKind::kFence:
      BumpEpoch(part);
      break;
  }
}

void Process::FinishHandshake(uint32_t part, const Reply& reply, uint32_t troubles_before) {
  Domain& domain = domains_[part];
  if (domain.troubles != troubles_before) return;  // the next one will do
  if (reply.generation != domain.generation || reply.run != domain.run) {
    BumpEpoch(part);
    domain.generation = reply.generation;
    domain.run = reply.run;
    domain.applied = reply.sequence;
    domain.awaits = false;
  } else if (domain.applied < reply.sequence) {
    if (settings_.Keep(Rule::kLossBumpsTheEpoch)) BumpEpoch(part);
    domain.applied = reply.sequence;
  }
  domain.trusted = true;
  domain.covered = domain.subscribed;
}

void Process::FinishHeartbeat(uint32_t part, const Reply& reply, Tick asked, bool log_is_clean) {
  Domain& domain = domains_[part];
  if (reply.generation != domain.generation) {
    Distrust(part);
    return;
  }
  const Tick until = asked + settings_.bound;
  if (!log_is_clean && settings_.Keep(Rule::kProofLooksAtTheLog)) return;
  domain.redis_until = std::max(domain.redis_until, until);
  if (domain.applied >= reply.sequence || !settings_.Keep(Rule::kProofWaitsForMessages)) {
    domain.memory_until = std::max(domain.memory_until, until);
  } else if (domain.awaits) {
    // A whole heartbeat ago messages were missing, and they still are.
    if (!settings_.Keep(Rule::kSilenceIsLoss)) return;
    domain.awaits = false;
    Distrust(part);
  } else {
    domain.awaits = true;
    domain.awaited_at = asked;
    domain.awaited_sequence = reply.sequence;
  }
}

void Process::LoseConnection(uint32_t part) {
  Domain& domain = domains_[part];
  domain.connected = false;
  Distrust(part);
}

void Process::LoseSubscription(uint32_t part) {
  Domain& domain = domains_[part];
  domain.subscribed = false;
  domain.covered = false;
  ++domain.troubles;
}

void Process::Distrust(uint32_t part) {
  Domain& domain = domains_[part];
  domain.trusted = false;
  domain.covered = false;
  ++domain.troubles;
}

}  // namespace trivet::sim
