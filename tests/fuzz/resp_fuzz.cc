// Replies of a Redis server: whatever the bytes, the reader ends, stays within its limits, and does
// not care into which pieces they are cut.
//
// The first byte chooses the size of the pieces, the rest is what the server sends.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/check.h"
#include "sync/handshake.h"
#include "sync/redis_status.h"
#include "sync/resp_reader.h"

namespace {

using trivet::sync::Reply;
using trivet::sync::ReplyLimits;

constexpr ReplyLimits kLimits = {
    .reply_bytes_max = 4096, .line_bytes_max = 64, .elements_max = 16, .depth_max = 4};

size_t BytesOf(const Reply& reply, int depth) {
  TRIVET_CHECK(depth <= kLimits.depth_max + 1, "too deep");
  TRIVET_CHECK(reply.elements.size() <= kLimits.elements_max, "too many elements");
  size_t bytes = sizeof(Reply) + reply.text.size();
  for (const Reply& element : reply.elements) bytes += BytesOf(element, depth + 1);
  return bytes;
}

// All replies in `bytes`, fed `step` at a time; `failed` if that ended in an error.
std::vector<Reply> ReadAll(std::string_view bytes, size_t step, bool& failed) {
  trivet::sync::RespReader reader(kLimits);
  std::vector<Reply> replies;
  while (!bytes.empty()) {
    reader.Feed(bytes.substr(0, step));
    bytes.remove_prefix(std::min(step, bytes.size()));
    while (true) {
      absl::StatusOr<std::optional<Reply>> reply = reader.Next();
      if (!reply.ok()) {
        TRIVET_CHECK(trivet::sync::KindOf(reply.status()) == trivet::sync::RedisError::kProtocol,
                     "no kind");
        failed = true;
        return replies;
      }
      if (!reply->has_value()) break;
      TRIVET_CHECK(BytesOf(**reply, 1) <= kLimits.reply_bytes_max, "too large");
      replies.push_back(**std::move(reply));
    }
  }
  return replies;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  bool failed = false;
  bool failed_in_pieces = false;
  const std::vector<Reply> replies = ReadAll(bytes, bytes.size(), failed);
  const std::vector<Reply> in_pieces = ReadAll(bytes, 1 + data[0], failed_in_pieces);
  // A line is too long only while its end has not come: in one piece it may have.
  const size_t common = std::min(replies.size(), in_pieces.size());
  TRIVET_CHECK(std::equal(replies.begin(), replies.begin() + common, in_pieces.begin()),
               "pieces make a difference");
  if (!failed) TRIVET_CHECK(failed_in_pieces || replies == in_pieces, "pieces lose replies");
  for (const Reply& reply : replies) {
    (void)StatusOf(reply);
    trivet::sync::Handshake handshake({.host = "h"}, "");
    (void)handshake.Take(reply);
  }
  return 0;
}
