// What is said on a new connection before the first command, and who answered.
#ifndef TRIVET_SYNC_HANDSHAKE_H_
#define TRIVET_SYNC_HANDSHAKE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "sync/command.h"
#include "sync/opening.h"
#include "sync/redis_url.h"
#include "sync/reply.h"

namespace trivet::sync {

// Of the server at the other end.
struct ServerInfo {
  std::string version = {};  // "7.0.15"; empty if we have no right to ask
  std::string run_id = {};   // another one after each start of the server; empty likewise
};

// A run_id as a number: the same everywhere, 0 for the empty one only.
uint64_t ServerNumber(std::string_view run_id);

// Logs in, chooses the database, names the connection, and asks who is there; all in one go. Where
// sentinels named the server it must be a primary.
//
// Thread-safety: one thread at a time.
class Handshake final : public Opening {
 public:
  // `client_name` may be empty.
  Handshake(const RedisUrl& url, const std::string& client_name);

  void Restart() override;
  const std::string& bytes() const override { return commands_.bytes(); }

  // kNotLoggedIn, kTooOld (before 7.0), kReadOnly (of a replica that sentinels named) and what the
  // server may refuse besides.
  absl::Status Take(const Reply& reply) override;

  bool done() const override { return answered_ == steps_.size(); }
  const ServerInfo& server() const { return server_; }  // once done

 private:
  enum class Step { kLogIn, kSelect, kSetName, kInfo, kRole };

  absl::Status TakeInfo(const Reply& reply);
  static absl::Status TakeRole(const Reply& reply);

  Commands commands_;
  std::vector<Step> steps_;
  size_t answered_ = 0;
  ServerInfo server_;
};

}  // namespace trivet::sync

#endif  // TRIVET_SYNC_HANDSHAKE_H_
