// Commands to one Redis server, with deadlines that hold.
#ifndef TRIVET_SYNC_REDIS_CLIENT_H_
#define TRIVET_SYNC_REDIS_CLIENT_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sync/circuit_breaker.h"
#include "sync/command.h"
#include "sync/handshake.h"
#include "sync/redis_connection.h"
#include "sync/redis_names.h"
#include "sync/reply.h"
#include "sync/script.h"
#include "trivet/clock.h"
#include "trivet/redis_options.h"

namespace trivet::sync {

// A few pipelined connections behind one circuit breaker.
//
//   auto client = RedisClient::Open({.url = "redis://127.0.0.1"});
//   auto reply = (*client)->Call({"GET", "k"}, (*client)->In(absl::Milliseconds(50)));
//
// Every call ends by its deadline, a value of Clock::Elapsed(), also if the server hangs, the
// network swallows packets or the name of the host cannot be found. Errors are those of
// redis_status.h; KindOf and MaybeExecuted tell them apart. A call that the server has certainly
// not seen because its connection went away is sent once more, on the next connection.
//
// Thread-safety: all methods may be called from any thread at any time.
class RedisClient {
 public:
  // InvalidArgument or Unimplemented for options it cannot work with. Does not connect: the server
  // may be down.
  static absl::StatusOr<std::unique_ptr<RedisClient>> Open(const RedisOptions& options);

  // One command, at least a word. An error reply becomes an error.
  absl::StatusOr<Reply> Call(std::span<const std::string_view> arguments, absl::Duration deadline);
  absl::StatusOr<Reply> Call(std::initializer_list<std::string_view> arguments,
                             absl::Duration deadline) {
    return Call(std::span(arguments.begin(), arguments.size()), deadline);
  }

  // All commands in one go and a reply to each, in order; others' commands may come between them.
  // Error replies are among the replies: see StatusOf. `server`, unless null, is told who answered,
  // as a ServerNumber.
  absl::StatusOr<std::vector<Reply>> CallMany(const Commands& commands, absl::Duration deadline,
                                              uint64_t* server = nullptr);

  // Runs a script by its digest, and teaches it to the server where that is needed.
  absl::StatusOr<Reply> Run(Script& script, std::span<const std::string_view> keys,
                            std::span<const std::string_view> arguments, absl::Duration deadline);

  // The same of many, in one go. `server` is told 0 if several servers had to do with it.
  absl::StatusOr<std::vector<Reply>> RunMany(std::span<const ScriptCall> calls,
                                             absl::Duration deadline, uint64_t* server = nullptr);

  // What all names of ours begin with there.
  const NameRoot& names() const { return names_; }

  // A deadline that far from now.
  absl::Duration In(absl::Duration timeout) const { return clock_.Elapsed() + timeout; }

  // The server at the other end of the first connection; empty before there is one.
  ServerInfo server() const { return connections_.front()->server(); }
  // How many connections were made. When it grows, the server may be another one than before.
  uint64_t connects() const;
  CircuitBreaker::State breaker() const { return breaker_.state(); }

 private:
  RedisClient(const RedisUrl& url, const RedisOptions& options);

  RedisConnection& ConnectionOfThisThread();
  absl::Status AskBreaker(RedisConnection& connection, absl::Duration deadline);
  absl::StatusOr<std::vector<Reply>> Send(RedisConnection& connection, const Commands& commands,
                                          absl::Duration deadline, uint64_t* server = nullptr);
  absl::Status Teach(Script& script, absl::Duration deadline);

  const NameRoot names_;
  const Clock& clock_;
  const absl::Duration probe_timeout_;
  CircuitBreaker breaker_;
  std::vector<std::unique_ptr<RedisConnection>> connections_;  // constant after construction
  // Of Clock::Elapsed, in nanoseconds: until then no server is taught, for one refused.
  std::atomic<int64_t> untaught_until_{0};
};

}  // namespace trivet::sync

#endif  // TRIVET_SYNC_REDIS_CLIENT_H_
