// Random commands to Redis and to the fake side by side: the same answers, the same content, the
// same messages. Tokens and generations are the caller's, so that all of it is determined by the
// seed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/support/fake_shared_rig.h"
#include "tests/support/message_diary.h"
#include "tests/support/random_test.h"
#include "tests/sync/redis_rig.h"
#include "trivet/shared_tier.h"

namespace trivet::testing {
namespace {

// One of the two, with its own idea of the server.
struct Side {
  SharedTierRig* rig = nullptr;
  std::unique_ptr<SharedTier> tier;
  MessageDiary diary;
  std::unique_ptr<SharedSubscription> subscription;
  SharedPart part{.space = "users"};
};

class Twins {
 public:
  explicit Twins(uint64_t seed) : random_(seed), redis_rig_({}), fake_rig_(1) {
    sides_[0].rig = &redis_rig_;
    sides_[1].rig = &fake_rig_;
    for (Side& side : sides_) {
      side.tier = side.rig->Connect();
      side.subscription = *side.tier->Subscribe({&side.part, 1}, side.diary);
      EXPECT_TRUE(Eventually([&] { return side.diary.listening() == 1; }));
    }
    ShakeHands();
  }

  void Step();

  // The same records, with the same numbers, on both sides.
  void CheckMessages() {
    ShakeHands();
    Invalidate("end of the messages");
    const auto complete = [](const Side& side) {
      const std::vector<std::string> records = side.diary.records();
      return !records.empty() && records.back() == "key end of the messages";
    };
    ASSERT_TRUE(Eventually([&] { return complete(sides_[0]) && complete(sides_[1]); }));
    EXPECT_EQ(sides_[0].diary.records(), sides_[1].diary.records());
    const auto ours = sides_[0].diary.messages();
    const auto theirs = sides_[1].diary.messages();
    ASSERT_EQ(ours.size(), theirs.size());
    for (size_t i = 0; i < ours.size(); ++i) {
      ASSERT_EQ(ours[i].second.sequence, theirs[i].second.sequence);
      ASSERT_EQ(ours[i].second.generation, theirs[i].second.generation);
    }
  }

 private:
  size_t Below(size_t bound) { return random_() % bound; }
  bool OneIn(size_t chances) { return Below(chances) == 0; }
  uint64_t NewToken() { return ++tokens_; }
  // One that was given out: most likely for this key, or lately.
  uint64_t OldToken(const std::string& key) {
    const auto given = newest_.find(key);
    return given != newest_.end() && !OneIn(3) ? given->second : OldToken();
  }
  uint64_t NewToken(const std::string& key) { return newest_[key] = NewToken(); }
  uint64_t OldToken() { return tokens_ - Below(std::min<uint64_t>(tokens_, OneIn(4) ? 40 : 6)); }
  std::string Key() { return "key" + std::to_string(Below(3)); }
  std::string Tag() { return "tag" + std::to_string(Below(3)); }
  uint64_t Version() { return OneIn(3) ? 0 : 1 + Below(6) + (OneIn(4) ? ~uint64_t{0} - 9 : 0); }
  void MakeWrite(uint64_t version) {
    tags_.clear();
    for (size_t i = Below(3); i > 0; --i) tags_.push_back(Tag());
    value_ = "value" + std::to_string(tokens_);
    write_ = {.value = value_, .version = version, .tags = tags_, .birth = births_[Below(3)]};
    if (OneIn(8)) write_ = {.negative = true, .version = version, .birth = births_[0]};
    if (OneIn(2)) write_.ttl = absl::Minutes(30 + 60 * Below(3));
  }

  // What a command answers, with nothing in it that differs for good reason.
  static std::string Text(const absl::StatusOr<SharedAnswer>& answer) {
    if (!answer.ok()) return absl::StatusCodeToString(answer.status().code());
    return absl::StrCat(answer->current, " ", answer->won, " ", answer->sequence);
  }
  static std::string Text(const absl::StatusOr<SharedReading>& reading) {
    if (!reading.ok()) return absl::StatusCodeToString(reading.status().code());
    std::string text = absl::StrCat(reading->current, " at ", reading->sequence);
    for (const SharedFound& found : reading->found) {
      absl::StrAppend(&text, "; ", static_cast<int>(found.state), " token ", found.token, " '",
                      found.value.value, "' ", found.value.negative, " v", found.value.version,
                      " born ", found.value.birth, " for ", absl::FormatDuration(found.value.ttl),
                      found.value.remaining > found.value.ttl ? " too long" : "");
      for (const std::string& tag : found.value.tags) absl::StrAppend(&text, " ", tag);
    }
    return text;
  }

  // Both do it. The sequence that was answered; 0 if none was.
  template <typename Command>
  uint64_t Both(std::string_view name, const Command& command) {
    const auto ours = command(*sides_[0].tier, sides_[0].part, sides_[0].rig->Deadline());
    const auto theirs = command(*sides_[1].tier, sides_[1].part, sides_[1].rig->Deadline());
    history_.push_back(absl::StrCat(std::string(name), ": ", Text(theirs)));
    EXPECT_EQ(Text(ours), Text(theirs)) << Story();
    if (theirs.ok() && !theirs->current) stale_ = true;
    return theirs.ok() && theirs->current ? theirs->sequence : 0;
  }
  std::string Story() const {
    std::string story = "after\n";
    for (size_t i = history_.size() > 12 ? history_.size() - 12 : 0; i < history_.size(); ++i) {
      absl::StrAppend(&story, "  ", history_[i], "\n");
    }
    return story;
  }

  void ShakeHands() {
    const uint64_t generation = NewToken();
    for (Side& side : sides_) {
      const auto state = side.tier->Fence(side.part, generation, side.rig->Deadline());
      ASSERT_TRUE(state.ok()) << state.status();
      side.part.generation = state->generation;
      side.part.server = state->server;
      births_ = {state->sequence, state->sequence, state->sequence};
    }
    EXPECT_EQ(sides_[0].part.generation, sides_[1].part.generation) << Story();
    stale_ = false;
  }
  void Invalidate(std::string_view key) {
    const SharedChange change{.key = key};
    Both("InvalidateKeys", [&](SharedTier& tier, const SharedPart& part, absl::Duration deadline) {
      return tier.InvalidateKeys(part, {&change, 1}, deadline);
    });
  }
  void Load();
  void Change();
  void Fault();

  std::mt19937_64 random_;
  RedisRig redis_rig_;
  FakeSharedRig fake_rig_;
  std::array<Side, 2> sides_;
  uint64_t tokens_ = 0;
  std::map<std::string, uint64_t> newest_;  // given out for a key
  std::array<uint64_t, 3> births_ = {};     // sequences seen lately, the newest first
  bool stale_ = false;                      // a command said so
  std::string value_;
  std::vector<std::string> tags_;
  SharedWrite write_;
  std::vector<std::string> history_;
};

void Twins::Step() {
  // Who is stale says so a few times before it shakes hands.
  if (stale_ && OneIn(6)) ShakeHands();
  const size_t dice = Below(100);
  if (dice < 55) return Load();
  if (dice < 97) return Change();
  Fault();
}

void Twins::Load() {
  const std::string key = Key();
  const std::string other = Key();
  const uint64_t old = OldToken(key);
  const size_t dice = Below(8);
  const uint64_t token = dice < 4 || OneIn(2) ? NewToken() : NewToken(key);
  MakeWrite(Version());
  if (dice < 4) {
    if (OneIn(2)) newest_[key] = token;
    const SharedRequest requests[] = {{.key = key, .token = OneIn(4) ? 0 : token},
                                      {.key = other, .token = OneIn(2) ? 0 : NewToken()}};
    const uint64_t now =
        Both("Read", [&](SharedTier& tier, const SharedPart& part, absl::Duration deadline) {
          return tier.Read(part, requests, deadline);
        });
    if (now != 0) births_ = {now, births_[0], births_[1]};
  } else if (dice < 5) {
    Both("ClaimOver", [&](SharedTier& tier, const SharedPart& part, absl::Duration deadline) {
      return tier.ClaimOver(part, key, token, old, deadline);
    });
  } else if (dice < 7) {
    Both("Fill", [&](SharedTier& tier, const SharedPart& part, absl::Duration deadline) {
      return tier.Fill(part, key, old, write_, deadline);
    });
  } else {
    Both("Renew", [&](SharedTier& tier, const SharedPart& part, absl::Duration deadline) {
      return tier.Renew(part, key, token, old, write_, deadline);
    });
  }
}

void Twins::Change() {
  const std::string key = Key();
  const uint64_t version = Version();
  const size_t dice = Below(20);
  if (dice < 5) {
    const uint64_t token = NewToken(key);
    const uint64_t now =
        Both("BeginWrite", [&](SharedTier& tier, const SharedPart& part, absl::Duration deadline) {
          return tier.BeginWrite(part, key, token, deadline);
        });
    if (now != 0) births_ = {now, births_[0], births_[1]};
  } else if (dice < 12) {
    const uint64_t token = OldToken(key);
    MakeWrite(version);
    const auto write = OneIn(4) ? std::nullopt : std::optional<SharedWrite>(write_);
    Both("EndWrite", [&](SharedTier& tier, const SharedPart& part, absl::Duration deadline) {
      return tier.EndWrite(part, key, token, version, write, deadline);
    });
  } else if (dice < 15) {
    const std::string other = Key();
    const SharedChange changes[] = {{.key = key, .version = version}, {.key = other}};
    const size_t count = 1 + Below(2);
    Both("InvalidateKeys", [&](SharedTier& tier, const SharedPart& part, absl::Duration deadline) {
      return tier.InvalidateKeys(part, {changes, count}, deadline);
    });
  } else if (dice < 18) {
    const std::string tag = Tag();
    const std::string_view tags[] = {tag, "tag0"};
    const size_t count = 1 + Below(2);
    Both("InvalidateTags", [&](SharedTier& tier, const SharedPart& part, absl::Duration deadline) {
      return tier.InvalidateTags(part, {tags, count}, deadline);
    });
  } else if (dice < 19) {
    const std::string pattern = OneIn(2) ? "key[01]" : "k*" + std::to_string(Below(3));
    Both("Pattern", [&](SharedTier& tier, const SharedPart& part, absl::Duration deadline) {
      return tier.InvalidatePattern(part, pattern, deadline);
    });
  } else {
    const uint64_t generation = NewToken();
    const uint64_t now =
        Both("Clear", [&](SharedTier& tier, const SharedPart& part, absl::Duration deadline) {
          return tier.Clear(part, generation, deadline);
        });
    if (now == 0) return;
    for (Side& side : sides_) side.part.generation = generation;
    if (OneIn(3)) return;  // and the births of before
    births_.fill(now);
  }
}

void Twins::Fault() {
  const size_t dice = Below(10);
  const std::string key = Key();
  const bool full = OneIn(2);
  const absl::Duration age = OneIn(2) ? absl::Seconds(5) : absl::Minutes(60);
  history_.push_back(absl::StrCat("fault ", dice));
  for (Side& side : sides_) {
    if (dice < 3) side.rig->Evict(side.part, key);
    if (dice == 3) side.rig->Flush();
    if (dice == 4 || dice == 5) side.rig->SetFull(full);
    if (dice == 6 || dice == 7) side.rig->Age(age);
    if (dice == 8) side.part.generation = OldToken();
  }
  if (dice == 8) sides_[0].part.generation = sides_[1].part.generation;
  if (dice == 9) ShakeHands();
}

TEST(RedisTierModelTest, RedisAndTheFakeAnswerAlike) {
  const uint64_t seed = RandomTestSeed();
  SCOPED_TRACE(SeedTrace(seed));
  Twins twins(seed);
  for (size_t i = 0; i < ScaledCount(20'000) && !::testing::Test::HasFailure(); ++i) {
    twins.Step();
  }
  twins.CheckMessages();
}

}  // namespace
}  // namespace trivet::testing
