// A connection that stands, and the replies that come on it.
#ifndef TRIVET_SYNC_REPLY_STREAM_H_
#define TRIVET_SYNC_REPLY_STREAM_H_

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "sync/reply.h"
#include "sync/resp_reader.h"
#include "sync/socket.h"

namespace trivet::sync {

// Thread-safety: one thread at a time; while that one reads, another may send to socket().
class ReplyStream {
 public:
  ReplyStream(std::shared_ptr<const Socket> socket, size_t reply_bytes_max)
      : socket_(std::move(socket)),
        reader_(std::make_unique<RespReader>(ReplyLimits{.reply_bytes_max = reply_bytes_max})) {}

  const std::shared_ptr<const Socket>& socket() const { return socket_; }

  // Adds the replies that have arrived; does not wait. An error means that the connection is of no
  // use any more. Replies added before the error are good.
  absl::Status Receive(std::vector<Reply>& replies);

 private:
  std::shared_ptr<const Socket> socket_;
  std::unique_ptr<RespReader> reader_;
};

}  // namespace trivet::sync

#endif  // TRIVET_SYNC_REPLY_STREAM_H_
