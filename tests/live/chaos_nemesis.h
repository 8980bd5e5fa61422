// Does to a fleet what happens to fleets.
#ifndef TRIVET_TESTS_LIVE_CHAOS_NEMESIS_H_
#define TRIVET_TESTS_LIVE_CHAOS_NEMESIS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/live/chaos_board.h"
#include "tests/live/chaos_fleet.h"
#include "tests/live/fault_proxy.h"
#include "tests/live/redis_process.h"

namespace trivet::testing {

// Faults come one at a time and are undone before the next one; the order follows from the seed.
//
// Thread-safety: one call at a time.
class ChaosNemesis {
 public:
  // Two servers, the first of which is the primary and runs. All must outlive the nemesis.
  ChaosNemesis(RedisProcess& first, RedisProcess& second, FaultProxy& proxy, ChaosFleet& fleet,
               ChaosBoard& board, uint64_t seed);

  // One fault, from its beginning to its end, and its name. Each kind comes before any comes again.
  const char* Strike();

 private:
  struct Fault {
    const char* name;
    void (ChaosNemesis::*strike)();
  };
  static const std::vector<Fault>& Faults();

  RedisProcess& primary() { return *primary_; }

  void RestartEmpty();
  void RestartFromOldFile();
  void FailOverToReplica();
  void FailOverToOldCopy();
  void StopServer();
  void FallSilent();
  void Flush();
  void EvictAll();
  void EvictRules();
  void RunFull();
  void FailToSave();
  void BecomeReplica();
  void RunEndlessScript();
  void ForgetScripts();
  void ForbidScripts();
  void PutOtherTypes();
  void StopSubscriber();
  void HarmMessages();
  void KillClients();
  void StopLockHolder();
  void KillWorker();
  void TroubleLoaders();

  // Lets the world go on for about so long.
  void Wait(double seconds);
  size_t AnyWorker();

  RedisProcess* primary_;
  RedisProcess* spare_;
  FaultProxy& proxy_;
  ChaosFleet& fleet_;
  ChaosBoard& board_;
  std::mt19937_64 random_;
  std::vector<size_t> left_;  // faults that have not come in this round
};

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_LIVE_CHAOS_NEMESIS_H_
