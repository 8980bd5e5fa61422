// The sentinels of a URL, asked in turn.
#ifndef TRIVET_SYNC_SENTINELS_H_
#define TRIVET_SYNC_SENTINELS_H_

#include <cstddef>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "sync/redis_url.h"

namespace trivet::sync {

// The order in which sentinels are asked, and what to tell when none of them helped. A round begins
// with the one that helped last. One that names a server that is of no use may be behind the times,
// so the others are asked, too. No socket, no time.
//
//   round: next() ──► NotAnswered ──► next() ──► names a primary ──► Vain ──► next() ──► Helped
//
// Thread-safety: one thread at a time.
class Sentinels {
 public:
  explicit Sentinels(const RedisUrl& url) : places_(url.sentinels) {}

  void BeginRound();
  // Whom to ask; null: all were asked in this round.
  const ServerPlace* next() const;

  // It gave no address; the next one is to be asked.
  void NotAnswered(const absl::Status& why);
  // Whether what it named was tried in this round already.
  bool IsVain(const ServerPlace& primary) const { return vain_ == primary; }
  // The server that it named is of no use; the next one is to be asked.
  void Vain(const ServerPlace& primary, const absl::Status& why);
  // The same, where IsVain.
  void VainAgain() { ++asked_; }
  // The server is what it should be.
  void Helped();

  // Of a round in which nobody helped: the failure of the one that came nearest.
  const absl::Status& failure() const { return failure_; }

 private:
  // How near it came to a connection.
  enum class Stage { kSilent, kRefused, kNamed };
  void Fail(Stage stage, const absl::Status& failure);

  const std::vector<ServerPlace> places_;
  size_t first_ = 0;  // of the next round
  size_t asked_ = 0;  // in this round, without success
  std::optional<ServerPlace> vain_;
  Stage stage_ = Stage::kSilent;
  absl::Status failure_;
};

}  // namespace trivet::sync

#endif  // TRIVET_SYNC_SENTINELS_H_
