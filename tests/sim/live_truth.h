// What is true, what was true, and what nobody may read any more.
#ifndef TRIVET_TESTS_SIM_LIVE_TRUTH_H_
#define TRIVET_TESTS_SIM_LIVE_TRUTH_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"

namespace trivet::sim {

// The history of every key of every namespace. A value is a text that no other change brings;
// nothing is a value, too.
class Truth {
 public:
  explicit Truth(size_t processes) : processes_(processes) {}

  struct Key {
    std::string space;
    std::string key;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  using Value = std::optional<std::string>;
  // A change of a key, by its place in the history of that key.
  using Change = std::pair<Key, size_t>;

  // Each change, once: a text for a new value.
  std::string NewText() { return "v" + std::to_string(++texts_); }

  // The key has another value from now on.
  struct NewVersion {
    Value value = std::nullopt;
    std::vector<std::string> tags = {};
    // What the change ends: older versions with this tag, or, where it is empty, all of them.
    std::string ends_tag = {};
    bool logged = false;  // its row in the change log promises the rest
  };
  Change Commit(const Key& key, NewVersion version, absl::Duration now);
  const Value& Current(const Key& key);
  // Those of the namespace that have a value.
  std::vector<Key> KeysWithValue(std::string_view space) const;

  // A call of that process that was about the change has returned.
  void Acknowledge(size_t process, const Change& change);
  // The shared tier knows, from now on.
  void Apply(const Change& change, absl::Duration now);

  // The versions that a read must not show which begins at `now` and accepts what ended so long
  // ago.
  struct Over {
    std::vector<bool> by_itself;  // the process has ended them
    std::vector<bool> by_others;  // others have, before the bound
    size_t seen = 0;              // the newest place that a plain read of anybody has shown
    bool is_plain = true;         // the read wants nothing but what all get
  };
  Over OverAt(size_t process, const Key& key, absl::Duration now, absl::Duration bound,
              absl::Duration relay) const;
  // A plain read has shown the version.
  void Saw(const Key& key, size_t place);
  // The place of the value in the history. Nothing may be in several places: the newest counts.
  // nullopt: it never was a value of the key.
  std::optional<size_t> PlaceOf(const Key& key, const Value& value) const;

 private:
  struct Version : NewVersion {
    absl::Duration committed = absl::ZeroDuration();
    absl::Duration applied = absl::InfiniteDuration();
    std::vector<bool> acknowledged;  // by process
  };
  std::vector<Version>& HistoryOf(const Key& key);

  const size_t processes_;
  uint64_t texts_ = 0;
  std::map<Key, std::vector<Version>> histories_;
  std::map<Key, size_t> seen_;
};

}  // namespace trivet::sim

#endif  // TRIVET_TESTS_SIM_LIVE_TRUTH_H_
