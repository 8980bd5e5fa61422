// The names that a namespace has in Redis.
#ifndef TRIVET_SYNC_REDIS_NAMES_H_
#define TRIVET_SYNC_REDIS_NAMES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "trivet/shared_tier.h"

namespace trivet::sync {

// Which part of a namespace a key belongs to. All processes must agree, so the hash has no seed.
uint32_t PartOfKey(std::string_view key, uint32_t parts);

// A number as it stands in names and in the hash of a part.
std::string GenerationText(uint64_t generation);
// 0 if it is no such text.
uint64_t GenerationOf(std::string_view text);

// What distinguishes our names from those of other programs on the server.
struct NameRoot {
  std::string prefix = {};  // RedisOptions::prefix
  int database = 0;         // channels belong to no database, so their names must tell
};

// All names of a part begin with
//
//   <prefix>tv1:{<bytes of the namespace>:<namespace>:<part>}:
//
// "1" is kSlotFormat. What is in braces decides about the slot in a cluster; a brace in the name of
// a namespace ends it early, for all names of that namespace alike. The length in front keeps
// namespaces apart, whatever bytes they are made of.
//
//   m                       a hash: "gen", "seq", "run" (that the generation was given under),
//                           "forgotten", and "t:<tag>", the sequence of its last invalidation
//   c<database>             the channel
//   <generation>:k:<key>    what stands at a key (slot_codec.h)
//
// Immutable.
class RedisNames {
 public:
  RedisNames(const NameRoot& root, const SharedPart& part);

  std::string hash() const { return part_ + "m"; }
  std::string channel() const { return part_ + "c" + std::to_string(database_); }
  std::string Key(std::string_view key) const { return std::string(key_prefix_).append(key); }
  // The key in such a name; nullopt if it is of another generation or no key.
  std::optional<std::string_view> KeyIn(std::string_view name) const;

  // A pattern for names whose key matches the pattern `keys`.
  std::string Matching(std::string_view keys) const;

 private:
  const int database_;
  const std::string part_;  // what all names begin with
  const std::string key_prefix_;
};

// The field of the hash that holds the stamp of a tag.
std::string StampField(std::string_view tag);

}  // namespace trivet::sync

#endif  // TRIVET_SYNC_REDIS_NAMES_H_
