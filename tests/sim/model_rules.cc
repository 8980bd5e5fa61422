#include "tests/sim/model_rules.h"

namespace trivet::sim {

namespace {

constexpr RuleCard kCards[] = {
    {Rule::kFillNeedsItsClaim, "fill needs its claim", Fate::kCaught, 1000, ""},
    {Rule::kFillNeedsItsGeneration, "fill needs its generation", Fate::kCaught, 1000, ""},
    {Rule::kRenewNeedsItsValue, "renew needs its value", Fate::kCaught, 1000, ""},
    {Rule::kClaimOverNeedsItsToken, "claim over needs its token", Fate::kCaught, 1000, ""},
    {Rule::kStoreIsReadAfterTheClaim, "store is read after the claim", Fate::kCaught, 1000, ""},
    {Rule::kNothingIsStoredOverAbsence, "nothing is stored over absence", Fate::kCaught, 1000, ""},
    {Rule::kOnlyTheOwnMarkBecomesAValue, "only the own mark becomes a value", Fate::kCaught, 1000, ""},
    {Rule::kFloorHoldsBackOlderWrites, "floor holds back older writes", Fate::kCaught, 1000, ""},
    {Rule::kForeignMarksAreDirtied, "foreign marks are dirtied", Fate::kCaught, 1000, ""},
    {Rule::kTombInsteadOfNothing, "tomb instead of nothing", Fate::kCaught, 1000, ""},
    {Rule::kSetIntoMemoryIsChecked, "set into memory is checked", Fate::kCaught, 1000, ""},
    {Rule::kOpenWritesBypass, "open writes bypass", Fate::kCaught, 1000, ""},
    {Rule::kWritesOfAKeyAreInLine, "writes of a key are in line", Fate::kCaught, 1000, ""},
    {Rule::kInvalidationPoisonsFlights, "invalidation poisons flights", Fate::kCaught, 1000, ""},
    {Rule::kPoisonedFlightsAreNotJoined, "poisoned flights are not joined", Fate::kCaught, 1000, ""},
    {Rule::kPoisonAfterRedis, "poison after redis", Fate::kCaught, 1000, ""},
    {Rule::kFlightsDieWithTheirEpoch, "flights die with their epoch", Fate::kCaught, 1000, ""},
    {Rule::kJoiningNeedsAProof, "joining needs a proof", Fate::kCaught, 1000, ""},
    {Rule::kRefusedFillsStayOutOfMemory, "refused fills stay out of memory", Fate::kCaught, 1000, ""},
    {Rule::kMemoryKeepsOnlyWhatRedisKeeps, "memory keeps only what redis keeps", Fate::kCaught, 1000, ""},
    {Rule::kLossBumpsTheEpoch, "loss bumps the epoch", Fate::kCaught, 1000, ""},
    {Rule::kGenerationGuardsTheSequence, "generation guards the sequence", Fate::kCaught, 1000, ""},
    {Rule::kSubscribeBeforeReading, "subscribe before reading", Fate::kCaught, 1000, ""},
    {Rule::kNoCoverageNoEntry, "no coverage no entry", Fate::kCaught, 1000, ""},
    {Rule::kMemoryNeedsAProof, "memory needs a proof", Fate::kCaught, 1000, ""},
    {Rule::kProofCountsFromTheQuestion, "proof counts from the question", Fate::kCaught, 1000, ""},
    {Rule::kProofWaitsForMessages, "proof waits for messages", Fate::kCaught, 1000, ""},
    {Rule::kSilenceIsLoss, "silence is loss", Fate::kCaught, 1000, ""},
    {Rule::kProofLooksAtTheLog, "proof looks at the log", Fate::kCaught, 1000, ""},
    {Rule::kRedisNeedsAProof, "redis needs a proof", Fate::kCaught, 1000, ""},
    {Rule::kFenceAfterFailover, "fence after failover", Fate::kCaught, 1000, ""},
    {Rule::kChangeLog, "change log", Fate::kCaught, 1000, ""},
    {Rule::kPendingSet, "pending set", Fate::kCaught, 1000, ""},
    {Rule::kPendingSetHoldsGroups, "pending set holds groups", Fate::kCaught, 1000, ""},
    {Rule::kLostRepliesArePending, "lost replies are pending", Fate::kCaught, 1000, ""},
    {Rule::kStaleGenerationIsRepeated, "stale generation is repeated", Fate::kCaught, 1000, ""},
    {Rule::kStampsGuardStores, "stamps guard stores", Fate::kCaught, 1000, ""},
    {Rule::kLoadsAreBornBeforeTheirClaim, "loads are born before their claim", Fate::kCaught, 1000, ""},
    {Rule::kSetsAreBornBeforeTheirCommit, "sets are born before their commit", Fate::kCaught, 1000, ""},
    {Rule::kStampsAreCheckedOnRead, "stamps are checked on read", Fate::kCaught, 1000, ""},
    {Rule::kDeadValuesAreClaimed, "dead values are claimed", Fate::kCaught, 1000, ""},
    {Rule::kStampsAreNeverLostAlone, "stamps are never lost alone", Fate::kCaught, 1000, ""},
    {Rule::kLateTagsAreChecked, "late tags are checked", Fate::kCaught, 1000, ""},
    {Rule::kForgottenTagsAreRemembered, "forgotten tags are remembered", Fate::kCaught, 1000, ""},
    {Rule::kTagsGuardSetsInMemory, "tags guard sets in memory", Fate::kCaught, 1000, ""},
    {Rule::kEarlyTagsPoison, "early tags poison", Fate::kCaught, 1000, ""},
    {Rule::kJoinersOfFencedLoadsAsk, "joiners of fenced loads ask", Fate::kCaught, 1000, ""},
    {Rule::kEveryPartIsTold, "every part is told", Fate::kCaught, 1000, ""},
    {Rule::kScanTakesClaims, "scan takes claims", Fate::kCaught, 1000, ""},
    {Rule::kScanBeforeTheRecord, "scan before the record", Fate::kCaught, 1000, ""},
    {Rule::kPatternScans, "pattern scans", Fate::kCaught, 1000, ""},
    {Rule::kPatternIsARecord, "pattern is a record", Fate::kCaught, 1000, ""},
    {Rule::kPatternPoisonsFlights, "pattern poisons flights", Fate::kCaught, 1000, ""},
};
static_assert(sizeof(kCards) / sizeof(kCards[0]) == kRuleCount);

}  // namespace

std::span<const RuleCard> RuleCards() { return kCards; }

}  // namespace trivet::sim
