// Keys, names and tags: whatever they are, the checks accept exactly what their limits say, and
// never repeat them; and an index of them is a map, however their hashes collide.
//
// Input: how many bytes the name has, in three; of how many bytes of the rest it is made, again and
// again. The rest is also the lengths of tags, a TTL, and what is done to an index.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "engine/check.h"
#include "engine/entry.h"
#include "engine/hash_index.h"
#include "engine/names.h"
#include "tests/engine/test_entries.h"
#include "tests/fuzz/fuzz_input.h"
#include "trivet/options.h"

namespace {

using trivet::engine::Entry;
using trivet::engine::EntryPtr;
using trivet::engine::HashIndex;
using trivet::testing::FuzzInput;
using trivet::testing::TestArena;

// --- Checks

void CheckIs(const absl::Status& status, bool is_ok) {
  TRIVET_CHECK(status.ok() == is_ok, "other limits than were said");
  if (is_ok) return;
  TRIVET_CHECK(status.code() == absl::StatusCode::kInvalidArgument, "another error");
  TRIVET_CHECK(!status.message().empty(), "an error without words");
}

// The same lengths, none of the bytes.
std::string Masked(std::string name) {
  for (char& byte : name) byte = static_cast<char>(byte ^ 0x55);
  return name;
}

void CheckNames(std::string_view name) {
  const std::string masked = Masked(std::string(name));
  const absl::Status key = trivet::engine::CheckKey(name);
  CheckIs(key, !name.empty() && name.size() <= trivet::kKeyBytesMax);
  TRIVET_CHECK(key == trivet::engine::CheckKey(masked), "the error tells more than the length");
  const absl::Status tag = trivet::engine::CheckName("tag", name);
  CheckIs(tag, !name.empty() && name.size() <= trivet::kNameBytesMax);
  TRIVET_CHECK(tag == trivet::engine::CheckName("tag", masked),
               "the error tells more than the length");
  CheckIs(trivet::engine::CheckValueSize(name.size(), 1000), name.size() <= 1000);
}

// A tag for each byte, some too short and some too long.
void CheckTags(std::span<const std::uint8_t> lengths) {
  std::vector<std::string> tags;
  std::vector<std::string> masked;
  for (const std::uint8_t length : lengths) {
    const auto letter = static_cast<char>('a' + tags.size() % 26);
    tags.emplace_back(length == 255 ? trivet::kNameBytesMax + 1 : length, letter);
    masked.push_back(Masked(tags.back()));
  }
  const auto is_ok = [](const std::string& tag) {
    return !tag.empty() && tag.size() <= trivet::kNameBytesMax;
  };
  const std::set<std::string> distinct(tags.begin(), tags.end());
  const absl::Status status = trivet::engine::CheckTags(tags);
  CheckIs(status, std::all_of(tags.begin(), tags.end(), is_ok) &&
                      distinct.size() <= trivet::kTagsPerEntryMax);
  TRIVET_CHECK(status == trivet::engine::CheckTags(masked), "the error tells more than lengths");
}

void CheckTtl(absl::Duration ttl) {
  CheckIs(
      trivet::engine::CheckTtl("ttl", ttl),
      ttl == absl::InfiniteDuration() || (ttl > absl::ZeroDuration() && ttl <= trivet::kTtlMax));
}

// --- The index

// Enough to grow and to shrink; more would make long inputs slow.
constexpr int kActsMax = 80;

// Keys are numbers, and so few parts of their hashes differ that buckets and fingerprints collide.
struct Hashing {
  std::uint64_t fingerprints;
  std::uint64_t buckets;

  std::uint64_t Of(std::uint32_t space_id, std::string_view key) const {
    std::uint64_t number = space_id;
    for (const char byte : key) number = number * 10 + static_cast<std::uint64_t>(byte - '0');
    return (number % fingerprints) << 56 | (number % buckets) << HashIndex::kShardBits;
  }
};

class IndexTwin {
 public:
  explicit IndexTwin(Hashing hashing) : hashing_(hashing) {}

  // Some consecutive keys are put in, replaced, or taken out.
  void Act(FuzzInput& input) {
    const std::uint8_t choice = input.Byte();
    const auto first = static_cast<std::uint32_t>(input.Number(2));
    for (std::uint32_t i = 0; i <= choice / 4u; ++i) {
      const Name name{(first + i) % 2, std::to_string((first + i) / 2 % 1000)};
      CheckFound(name);
      if (choice % 4 == 3) {
        Remove(name);
      } else {
        Put(name, choice % 4 == 0);
      }
      CheckFound(name);
    }
    TRIVET_CHECK(index_.size() == model_.size(), "the size");
  }

  void CheckAll() {
    index_.CheckInvariants();
    for (const auto& [name, entry] : model_) CheckFound(name);
    std::set<const Entry*> seen;
    std::uint64_t position = 0;
    while (index_.VisitBucket(&position, [&](const Entry* entry) {
      TRIVET_CHECK(seen.insert(entry).second, "seen twice");
    })) {
    }
    TRIVET_CHECK(seen.size() == model_.size(), "not all were seen");
  }

 private:
  using Name = std::pair<std::uint32_t, std::string>;

  std::uint64_t HashOf(const Name& name) const { return hashing_.Of(name.first, name.second); }

  void CheckFound(const Name& name) {
    const auto expected = model_.find(name);
    const Entry* const found = index_.Find(name.first, HashOf(name), name.second);
    TRIVET_CHECK(found == (expected == model_.end() ? nullptr : expected->second.get()),
                 "the map says otherwise");
  }

  void Put(const Name& name, bool replaces) {
    const auto old = model_.find(name);
    if (old != model_.end() && !replaces) return;
    EntryPtr fresh = trivet::testing::MakeEntry(
        {.space_id = name.first, .key = name.second, .value = {}, .versioned = false});
    if (old != model_.end()) {
      index_.Replace(old->second.get(), fresh.get(), HashOf(name));
      old->second = std::move(fresh);
      return;
    }
    // As the engine does it.
    while (const Entry* crowded = index_.Crowded(HashOf(name))) {
      TRIVET_CHECK(index_.BucketOf(hash_of_(crowded)) == index_.BucketOf(HashOf(name)),
                   "makes no room");
      Remove({crowded->space_id(), std::string(crowded->key())});
    }
    TRIVET_CHECK(index_.Insert(fresh.get(), HashOf(name)), "no memory");
    model_[name] = std::move(fresh);
  }

  void Remove(const Name& name) {
    const auto old = model_.find(name);
    if (old == model_.end()) return;
    index_.Remove(old->second.get(), HashOf(name));
    model_.erase(old);
  }

  const Hashing hashing_;
  const trivet::engine::EntryHash hash_of_ = [this](const Entry* entry) {
    return hashing_.Of(entry->space_id(), entry->key());
  };
  std::map<Name, EntryPtr> model_;
  // One of many: the fewer addresses it takes, the more inputs there are in a second.
  HashIndex index_{TestArena(), hash_of_, 1024};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzInput input({data, size});
  std::string name(input.Number(3) % (trivet::kKeyBytesMax + 2), '\0');
  const std::size_t period = std::max<std::size_t>(input.Byte(), 1);
  const std::span<const std::uint8_t> rest(data + std::min<std::size_t>(size, 4), data + size);
  for (std::size_t i = 0; i < name.size(); ++i) {
    const std::size_t at = i % period;
    name[i] = static_cast<char>(at < rest.size() ? rest[at] : at);
  }
  CheckNames(name);
  CheckTags(rest);
  CheckTtl(absl::Milliseconds(static_cast<std::int64_t>(FuzzInput(rest).Number(8))));

  IndexTwin twin({.fingerprints = 1u + input.Byte(), .buckets = 1u + input.Byte()});
  for (int i = 0; i < kActsMax && !input.empty(); ++i) twin.Act(input);
  twin.CheckAll();
  return 0;
}
