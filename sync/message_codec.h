// What is published about the changes of a part, as bytes.
#ifndef TRIVET_SYNC_MESSAGE_CODEC_H_
#define TRIVET_SYNC_MESSAGE_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "trivet/shared_messages.h"

namespace trivet::sync {

// Numbers have the lowest byte first.
//
//   0   "tM"          2 bytes
//   2   format        1        kMessageFormat
//   3   zero          1
//   4   records       4        1 to kRecordsMax
//   8   origin        8
//   16  generation    8
//   24  sequence      8        of the first record
//   32  records
//       check         8        XXH3, 64 bits, of all but the two sequences
//       sequence      8        again
//
// The sequence is known to nobody but the script that publishes, which cannot compute the check:
// it is there twice instead. A record is
//
//       kind          1        SharedRecord::Kind
//       version       8
//       token         8
//       name bytes    4
//       name
inline constexpr uint8_t kMessageFormat = 1;
// A script that changes so many keys holds up others for about a millisecond.
inline constexpr size_t kRecordsMax = 1024;
// Beyond it a sender begins another message. One record always fits, so that messages have at most
// this and the longest key.
inline constexpr size_t kMessageBytesMax = 64 << 10;

// What a sender knows: `head` belongs before the sequence, `tail` behind it, and there comes the
// sequence again.
struct MessageBytes {
  std::string head;
  std::string tail;
};

// Collects records for one message.
//
// Thread-safety: that of a std::string.
class MessageBuilder {
 public:
  MessageBuilder(uint64_t origin, uint64_t generation) : origin_(origin), generation_(generation) {}

  // False: the message is full, nothing was added.
  bool Add(SharedRecord::Kind kind, uint64_t version, uint64_t token, std::string_view name);

  size_t count() const { return count_; }

  // REQUIRES: count() > 0.
  MessageBytes Finish() const;

 private:
  uint64_t origin_;
  uint64_t generation_;
  size_t count_ = 0;
  std::string records_;
};

// A whole message, as the script makes it of the two.
std::string WholeMessage(const MessageBytes& bytes, uint64_t sequence);

// nullopt: these are not bytes made like that, or they are of another format.
std::optional<SharedMessage> DecodeMessage(std::string_view bytes);

}  // namespace trivet::sync

#endif  // TRIVET_SYNC_MESSAGE_CODEC_H_
