#include "tests/sim/live_truth.h"

#include <algorithm>
#include <utility>

namespace trivet::sim {

std::vector<Truth::Version>& Truth::HistoryOf(const Key& key) {
  std::vector<Version>& history = histories_[key];
  if (history.empty()) {
    history.emplace_back();
    history.back().acknowledged.assign(processes_, true);
  }
  return history;
}

Truth::Change Truth::Commit(const Key& key, NewVersion version, absl::Duration now) {
  std::vector<Version>& history = HistoryOf(key);
  Version added;
  static_cast<NewVersion&>(added) = std::move(version);
  added.committed = now;
  added.acknowledged.assign(processes_, false);
  history.push_back(std::move(added));
  return {key, history.size() - 1};
}

const Truth::Value& Truth::Current(const Key& key) { return HistoryOf(key).back().value; }

std::vector<Truth::Key> Truth::KeysWithValue(std::string_view space) const {
  std::vector<Key> keys;
  for (const auto& [key, history] : histories_) {
    if (key.space == space && history.back().value.has_value()) keys.push_back(key);
  }
  return keys;
}

void Truth::Acknowledge(size_t process, const Change& change) {
  HistoryOf(change.first)[change.second].acknowledged[process] = true;
}

void Truth::Apply(const Change& change, absl::Duration now) {
  absl::Duration& applied = HistoryOf(change.first)[change.second].applied;
  applied = std::min(applied, now);
}

Truth::Over Truth::OverAt(size_t process, const Key& key, absl::Duration now, absl::Duration bound,
                          absl::Duration relay) const {
  Over over;
  const auto found = histories_.find(key);
  if (found == histories_.end()) return over;
  const std::vector<Version>& history = found->second;
  if (const auto seen = seen_.find(key); seen != seen_.end()) over.seen = seen->second;
  over.by_itself.resize(history.size());
  over.by_others.resize(history.size());
  for (size_t newer = 1; newer < history.size(); ++newer) {
    const Version& change = history[newer];
    const bool is_bound =
        change.applied <= now - bound || (change.logged && change.committed <= now - bound - relay);
    if (!is_bound && !change.acknowledged[process]) continue;
    for (size_t place = 0; place < newer; ++place) {
      const std::vector<std::string>& tags = history[place].tags;
      if (!change.ends_tag.empty() &&
          std::find(tags.begin(), tags.end(), change.ends_tag) == tags.end()) {
        continue;
      }
      if (change.acknowledged[process]) over.by_itself[place] = true;
      if (is_bound) over.by_others[place] = true;
    }
  }
  return over;
}

void Truth::Saw(const Key& key, size_t place) {
  size_t& newest = seen_[key];
  newest = std::max(newest, place);
}

std::optional<size_t> Truth::PlaceOf(const Key& key, const Value& value) const {
  const auto found = histories_.find(key);
  if (found == histories_.end()) return value.has_value() ? std::nullopt : std::optional<size_t>(0);
  for (size_t place = found->second.size(); place-- > 0;) {
    if (found->second[place].value == value) return place;
  }
  return std::nullopt;
}

}  // namespace trivet::sim
