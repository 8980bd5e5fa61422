#include "sync/reply_stream.h"

#include <array>
#include <optional>

#include "absl/status/statusor.h"

namespace trivet::sync {
namespace {

// What RespReader likes to be fed with.
constexpr size_t kPieceBytes = 16 << 10;
// Pieces taken by one Receive, so that a flood of replies does not keep it for ever.
constexpr int kPiecesMax = 16;

}  // namespace

absl::Status ReplyStream::Receive(std::vector<Reply>& replies) {
  std::array<char, kPieceBytes> piece;
  for (int pieces = 0; pieces < kPiecesMax; ++pieces) {
    const absl::StatusOr<std::optional<size_t>> received = socket_->Receive(piece);
    if (!received.ok()) return received.status();
    if (!*received) break;
    reader_->Feed({piece.data(), **received});
    while (true) {
      absl::StatusOr<std::optional<Reply>> reply = reader_->Next();
      if (!reply.ok()) return reply.status();
      if (!reply->has_value()) break;
      replies.push_back(**std::move(reply));
    }
    if (**received < piece.size()) break;
  }
  return absl::OkStatus();
}

}  // namespace trivet::sync
