#include "sync/pattern_sweep.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "sync/command.h"
#include "sync/redis_status.h"
#include "sync/reply.h"

namespace trivet::sync {
namespace {

// Names that the server looks at in one step, while others wait: about a third of a millisecond.
constexpr std::string_view kNamesPerStep = "1000";
// Far below what recent versions of Redis give up at.
constexpr std::ptrdiff_t kStarsMax = 100;

// Bytes from 128 on are compared as signed numbers there and as unsigned ones here.
bool ReadsAlike(std::string_view pattern) {
  return std::count(pattern.begin(), pattern.end(), '*') <= kStarsMax &&
         std::all_of(pattern.begin(), pattern.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 128; });
}

}  // namespace

PatternSweep::PatternSweep(RedisClient& client, const SharedPart& part, std::string_view pattern,
                           const engine::Glob& glob)
    : client_(client),
      part_(part),
      glob_(glob),
      names_(client.names(), part),
      match_(names_.Matching(ReadsAlike(pattern) ? pattern : "*")) {}

absl::StatusOr<bool> PatternSweep::Run(absl::Duration deadline) {
  std::string cursor = "0";
  std::vector<std::string> doomed;
  do {
    // What the last step found goes along with the next step.
    Commands commands;
    if (!doomed.empty()) {
      std::vector<std::string_view> words = {"UNLINK"};
      words.insert(words.end(), doomed.begin(), doomed.end());
      if (absl::Status status = commands.Add(words); !status.ok()) return status;
    }
    const bool last = cursor.empty();
    if (!last) {
      const absl::Status status =
          commands.Add({"SCAN", cursor, "MATCH", match_, "COUNT", kNamesPerStep});
      if (!status.ok()) return status;
    }
    doomed.clear();
    uint64_t server = 0;
    absl::StatusOr<std::vector<Reply>> replies = client_.CallMany(commands, deadline, &server);
    if (!replies.ok()) return replies.status();
    for (const Reply& reply : *replies) {
      if (absl::Status status = StatusOf(reply); !status.ok()) return status;
    }
    if (commands.count() > 0 && server != part_.server) return false;
    if (last) return true;

    Reply& step = replies->back();
    if (step.elements.size() != 2 || !step.elements[0].is_string()) {
      return MakeRedisStatus(RedisError::kProtocol, Executed::kMaybe, "not the reply to SCAN");
    }
    for (Reply& name : step.elements[1].elements) {
      const std::optional<std::string_view> key = names_.KeyIn(name.text);
      if (key && glob_.Matches(*key)) doomed.push_back(std::move(name.text));
    }
    cursor = step.elements[0].text == "0" ? "" : step.elements[0].text;
  } while (true);
}

}  // namespace trivet::sync
