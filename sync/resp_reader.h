// Turns bytes from a Redis server into replies, within limits.
#ifndef TRIVET_SYNC_RESP_READER_H_
#define TRIVET_SYNC_RESP_READER_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sync/reply.h"

struct redisReader;

namespace trivet::sync {

// What one reply may be. Memory in use stays within a small multiple of `reply_bytes_max`, whatever
// the server claims: lengths are refused when they are announced, arrays grow as their elements
// arrive.
struct ReplyLimits {
  size_t reply_bytes_max = 64 << 20;  // text and bookkeeping of all elements together
  size_t line_bytes_max = 64 << 10;   // statuses, errors, integers
  size_t elements_max = 1 << 20;      // of one array
  int depth_max = 7;                  // arrays within arrays; hiredis knows no more than 7
};

// A parser: feed, then ask until nothing comes. No socket, no time. Replies do not depend on where
// the bytes were cut.
//
// Cost: each byte is copied twice. Feed in pieces of about 16 KiB: hiredis moves what is left of a
// piece after each KiB of replies.
//
// Thread-safety: one thread at a time.
class RespReader {
 public:
  explicit RespReader(const ReplyLimits& limits = {});
  RespReader(const RespReader&) = delete;
  RespReader& operator=(const RespReader&) = delete;
  ~RespReader();

  // Takes bytes as they came.
  void Feed(std::string_view bytes);

  // The next reply; nothing if its end has not arrived. kProtocol if the bytes are no RESP2 or
  // beyond the limits: then for good, since nobody knows where the next reply begins.
  absl::StatusOr<std::optional<Reply>> Next();

 private:
  struct Builder;
  struct Free {
    void operator()(redisReader* reader) const;
  };

  absl::Status CheckUnfinished() const;
  absl::Status Fail(std::string_view why);

  const ReplyLimits limits_;
  std::unique_ptr<Builder> builder_;
  std::unique_ptr<redisReader, Free> reader_;  // after builder_, which it points to
  absl::Status failure_;
};

}  // namespace trivet::sync

#endif  // TRIVET_SYNC_RESP_READER_H_
