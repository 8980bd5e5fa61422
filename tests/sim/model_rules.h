// The rules of the protocol between processes, each of which the model can be told to forget.
//
// A model that never fails proves little: it may be looking the other way. So every rule has a
// name, and a schedule can be run without it (a mutant). The full protocol must survive every
// schedule, each mutant must be caught by some.
#ifndef TRIVET_TESTS_SIM_MODEL_RULES_H_
#define TRIVET_TESTS_SIM_MODEL_RULES_H_

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <span>

namespace trivet::sim {

enum class Rule : uint8_t {
  // Claims and values in Redis.
  kFillNeedsItsClaim,
  kFillNeedsItsGeneration,
  kRenewNeedsItsValue,
  kClaimOverNeedsItsToken,
  kStoreIsReadAfterTheClaim,
  // Writes.
  kNothingIsStoredOverAbsence,
  kOnlyTheOwnMarkBecomesAValue,
  kFloorHoldsBackOlderWrites,
  kForeignMarksAreDirtied,
  kTombInsteadOfNothing,
  kSetIntoMemoryIsChecked,
  kOpenWritesBypass,
  kWritesOfAKeyAreInLine,
  // Flights in a process.
  kInvalidationPoisonsFlights,
  kPoisonedFlightsAreNotJoined,
  kPoisonAfterRedis,
  kFlightsDieWithTheirEpoch,
  kJoiningNeedsAProof,
  kRefusedFillsStayOutOfMemory,
  kMemoryKeepsOnlyWhatRedisKeeps,
  // Messages, coverage, proofs.
  kLossBumpsTheEpoch,
  kGenerationGuardsTheSequence,
  kSubscribeBeforeReading,
  kNoCoverageNoEntry,
  kMemoryNeedsAProof,
  kProofCountsFromTheQuestion,
  kProofWaitsForMessages,
  kSilenceIsLoss,
  kProofLooksAtTheLog,
  kRedisNeedsAProof,
  // When Redis or a writer fails.
  kFenceAfterFailover,
  kChangeLog,
  kPendingSet,
  kPendingSetHoldsGroups,
  kLostRepliesArePending,
  kStaleGenerationIsRepeated,
  // Tags.
  kStampsGuardStores,
  kLoadsAreBornBeforeTheirClaim,
  kSetsAreBornBeforeTheirCommit,
  kStampsAreCheckedOnRead,
  kDeadValuesAreClaimed,
  kStampsAreNeverLostAlone,
  kLateTagsAreChecked,
  kForgottenTagsAreRemembered,
  kTagsGuardSetsInMemory,
  kEarlyTagsPoison,
  kJoinersOfFencedLoadsAsk,
  // Parts and patterns.
  kEveryPartIsTold,
  kScanTakesClaims,
  kScanBeforeTheRecord,
  kPatternScans,
  kPatternIsARecord,
  kPatternPoisonsFlights,

  kCount,
};
constexpr size_t kRuleCount = static_cast<size_t>(Rule::kCount);

class Rules {
 public:
  Rules() { kept_.set(); }
  Rules Without(Rule rule) const {
    Rules fewer = *this;
    fewer.kept_.reset(static_cast<size_t>(rule));
    return fewer;
  }
  bool Keep(Rule rule) const { return kept_[static_cast<size_t>(rule)]; }

 private:
  std::bitset<kRuleCount> kept_;
};

// What becomes of a mutant.
enum class Fate : uint8_t {
  kCaught,    // a schedule shows what the rule is for
  kSurvives,  // another rule catches what this one lets through; `note` says which
};

struct RuleCard {
  Rule rule;
  const char* name;
  Fate fate;
  uint64_t first;      // in the test: the first seed,
  uint64_t schedules;  // and within how many schedules the mutant is caught
  const char* note;    // what happens without the rule
};

// All rules, in the order of the enum.
std::span<const RuleCard> RuleCards();

}  // namespace trivet::sim

#endif  // TRIVET_TESTS_SIM_MODEL_RULES_H_
