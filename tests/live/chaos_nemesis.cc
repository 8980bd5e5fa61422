#include "tests/live/chaos_nemesis.h"

#include <filesystem>
#include <system_error>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace trivet::testing {
namespace {

constexpr size_t kRulesEvicted = 4;

}  // namespace

ChaosNemesis::ChaosNemesis(RedisProcess& first, RedisProcess& second, FaultProxy& proxy,
                           ChaosFleet& fleet, ChaosBoard& board, uint64_t seed)
    : primary_(&first),
      spare_(&second),
      proxy_(proxy),
      fleet_(fleet),
      board_(board),
      random_(seed) {}

const std::vector<ChaosNemesis::Fault>& ChaosNemesis::Faults() {
  static const std::vector<Fault> faults = {
      {"server killed, restarted empty", &ChaosNemesis::RestartEmpty},
      {"server killed, restarted from an old file", &ChaosNemesis::RestartFromOldFile},
      {"failover to a replica", &ChaosNemesis::FailOverToReplica},
      {"failover to an old copy", &ChaosNemesis::FailOverToOldCopy},
      {"server stopped", &ChaosNemesis::StopServer},
      {"network silent", &ChaosNemesis::FallSilent},
      {"FLUSHALL", &ChaosNemesis::Flush},
      {"everything evicted", &ChaosNemesis::EvictAll},
      {"some keys evicted", &ChaosNemesis::EvictRules},
      {"server full", &ChaosNemesis::RunFull},
      {"server cannot save", &ChaosNemesis::FailToSave},
      {"server a replica of nobody", &ChaosNemesis::BecomeReplica},
      {"server busy with a script", &ChaosNemesis::RunEndlessScript},
      {"scripts forgotten", &ChaosNemesis::ForgetScripts},
      {"scripts forbidden", &ChaosNemesis::ForbidScripts},
      {"keys of another type", &ChaosNemesis::PutOtherTypes},
      {"process stopped", &ChaosNemesis::StopSubscriber},
      {"messages lost, repeated, swapped, changed", &ChaosNemesis::HarmMessages},
      {"connections killed", &ChaosNemesis::KillClients},
      {"holder of a lock stopped", &ChaosNemesis::StopLockHolder},
      {"process killed", &ChaosNemesis::KillWorker},
      {"loaders slow, then failing", &ChaosNemesis::TroubleLoaders},
  };
  return faults;
}

const char* ChaosNemesis::Strike() {
  if (left_.empty()) {
    for (size_t i = 0; i < Faults().size(); ++i) left_.push_back(i);
  }
  const size_t chosen = random_() % left_.size();
  const Fault& fault = Faults()[left_[chosen]];
  left_.erase(left_.begin() + static_cast<ptrdiff_t>(chosen));
  (this->*fault.strike)();
  return fault.name;
}

void ChaosNemesis::Wait(double seconds) {
  const double share = 0.5 + static_cast<double>(random_() % 1000) / 1000;
  absl::SleepFor(absl::Seconds(seconds * share));
}

size_t ChaosNemesis::AnyWorker() { return random_() % fleet_.size(); }

// --- The server ---------------------------------------------------------------------------------

void ChaosNemesis::RestartEmpty() {
  primary().Kill();
  Wait(0.5);
  primary().Start(true);
}

void ChaosNemesis::RestartFromOldFile() {
  primary().Do({"SAVE"});
  Wait(0.5);
  primary().Kill();
  Wait(0.1);
  primary().Start(false);
}

void ChaosNemesis::FailOverToReplica() {
  spare_->Start(true);
  spare_->Do({"REPLICAOF", "127.0.0.1", absl::StrCat(primary().port())});
  for (int i = 0; i < 500; ++i) {
    if (spare_->Do({"INFO", "replication"}).text.find("master_link_status:up") !=
        std::string::npos) {
      break;
    }
    absl::SleepFor(absl::Milliseconds(10));
  }
  Wait(0.3);
  // What is written now, the replica may or may not get to see.
  spare_->Pause();
  Wait(0.3);
  primary().Kill();
  spare_->Resume();
  spare_->Do({"REPLICAOF", "NO", "ONE"});
  std::swap(primary_, spare_);
  proxy_.SetUpstream(primary().port());
}

void ChaosNemesis::FailOverToOldCopy() {
  primary().Do({"SAVE"});
  std::error_code ignored;
  std::filesystem::copy_file(primary().SavedFile(), spare_->SavedFile(),
                             std::filesystem::copy_options::overwrite_existing, ignored);
  Wait(0.5);
  primary().Kill();
  spare_->Start(false);
  std::swap(primary_, spare_);
  proxy_.SetUpstream(primary().port());
}

void ChaosNemesis::StopServer() {
  primary().Pause();
  Wait(2);
  primary().Resume();
}

void ChaosNemesis::Flush() { primary().Do({"FLUSHALL"}); }

void ChaosNemesis::EvictAll() {
  primary().Do({"CONFIG", "SET", "maxmemory-policy", "allkeys-random"});
  primary().Do({"CONFIG", "SET", "maxmemory", "1"});
  Wait(0.5);
  primary().Do({"CONFIG", "SET", "maxmemory", "0"});
  primary().Do({"CONFIG", "SET", "maxmemory-policy", "noeviction"});
}

void ChaosNemesis::EvictRules() {
  for (size_t i = 0; i < kRulesEvicted; ++i) {
    const sync::Reply key = primary().Do({"RANDOMKEY"});
    if (key.is_string()) primary().Do({"DEL", key.text});
  }
  for (const sync::Reply& key : primary().Do({"KEYS", "*:m"}).elements) {
    if (random_() % 2 == 0) primary().Do({"DEL", key.text});
  }
}

void ChaosNemesis::RunFull() {
  primary().Do({"CONFIG", "SET", "maxmemory", "1"});
  Wait(1);
  primary().Do({"CONFIG", "SET", "maxmemory", "0"});
}

// A folder lies where the file should go: the server answers writes with MISCONF.
void ChaosNemesis::FailToSave() {
  std::error_code ignored;
  std::filesystem::remove(primary().SavedFile(), ignored);
  std::filesystem::create_directory(primary().SavedFile(), ignored);
  primary().Do({"CONFIG", "SET", "save", "3600 1"});
  primary().Do({"BGSAVE"});
  Wait(1.5);
  primary().Do({"CONFIG", "SET", "save", ""});
  std::filesystem::remove(primary().SavedFile(), ignored);
}

void ChaosNemesis::BecomeReplica() {
  primary().Do({"REPLICAOF", "127.0.0.1", "1"});
  Wait(0.7);
  primary().Do({"CONFIG", "SET", "replica-serve-stale-data", "no"});
  Wait(0.7);
  primary().Do({"CONFIG", "SET", "replica-serve-stale-data", "yes"});
  primary().Do({"REPLICAOF", "NO", "ONE"});
}

void ChaosNemesis::RunEndlessScript() {
  primary().Do({"CONFIG", "SET", "busy-reply-threshold", "50"});
  // A busy server lets nobody in, so who ends the script has to be there before it begins.
  std::thread runs([&] { primary().RunEndlessScript(); });
  Wait(1);
  while (!primary().Do({"SCRIPT", "KILL"}).is_status("OK")) Wait(0.01);
  runs.join();
}

void ChaosNemesis::ForgetScripts() { primary().Do({"SCRIPT", "FLUSH"}); }

void ChaosNemesis::ForbidScripts() {
  primary().Do({"ACL", "SETUSER", "default", "-evalsha", "-eval"});
  Wait(1);
  primary().Do({"ACL", "SETUSER", "default", "+@all"});
}

void ChaosNemesis::PutOtherTypes() {
  const std::vector<sync::Reply> keys = primary().Do({"KEYS", "*"}).elements;
  std::vector<std::string> harmed;
  for (const sync::Reply& key : keys) {
    if (random_() % 8 != 0 && !key.text.ends_with(":m")) continue;
    primary().Do({"DEL", key.text});
    primary().Do({"LPUSH", key.text, "not ours"});
    // A value of another type is in the way until it is replaced; what the rules are kept in, until
    // somebody looks after the server.
    if (key.text.ends_with(":m")) harmed.push_back(key.text);
  }
  Wait(0.7);
  for (const std::string& key : harmed) primary().Do({"DEL", key});
}

// --- The network --------------------------------------------------------------------------------

void ChaosNemesis::FallSilent() {
  proxy_.SetSilent(true);
  Wait(2);
  proxy_.Cut();
  proxy_.SetSilent(false);
}

void ChaosNemesis::HarmMessages() {
  const auto rate = [this] { return static_cast<uint32_t>(3 + random_() % 30); };
  proxy_.SetWeather({.lost = rate(), .repeated = rate(), .swapped = rate(), .changed = rate()});
  Wait(2);
  proxy_.SetWeather({});
}

void ChaosNemesis::KillClients() {
  for (int i = 0; i < 3; ++i) {
    primary().Do({"CLIENT", "KILL", "TYPE", i % 2 == 0 ? "pubsub" : "normal"});
    Wait(0.3);
  }
}

// --- The processes ------------------------------------------------------------------------------

void ChaosNemesis::StopSubscriber() {
  primary().Do({"CONFIG", "SET", "client-output-buffer-limit", "pubsub 16kb 8kb 1"});
  const size_t worker = AnyWorker();
  fleet_.Pause(worker);
  Wait(3);
  fleet_.Resume(worker);
  primary().Do({"CONFIG", "SET", "client-output-buffer-limit", "pubsub 32mb 8mb 60"});
}

// For longer than its lease: when it goes on, it writes with a lock that is another's by then.
void ChaosNemesis::StopLockHolder() {
  const auto& held = board_.holder[random_() % kChaosLedgers];
  for (int i = 0; i < 1000 && held == 0; ++i) absl::SleepFor(absl::Milliseconds(1));
  const uint32_t holder = held;
  if (holder == 0) return;
  fleet_.Pause(holder - 1);
  absl::SleepFor(kChaosLease);
  Wait(0.5);
  fleet_.Resume(holder - 1);
}

void ChaosNemesis::KillWorker() {
  for (int i = 0; i < 2; ++i) {
    fleet_.Replace(AnyWorker());
    Wait(0.3);
  }
}

void ChaosNemesis::TroubleLoaders() {
  board_.loader_trouble = 1;
  Wait(1);
  board_.loader_trouble = 2;
  Wait(0.3);
  board_.loader_trouble = 0;
}

}  // namespace trivet::testing
