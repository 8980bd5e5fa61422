// SQLite and the in-memory fake do the same under random calls, with few keys, so that things
// collide. Two backings on one file take turns: nothing may be remembered outside it.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/store/raw_database.h"
#include "tests/store/temp_folder.h"
#include "tests/support/backing_rows.h"
#include "tests/support/memory_backing.h"
#include "tests/support/random_test.h"
#include "trivet/clock.h"
#include "trivet/sqlite_backing.h"

namespace trivet::testing {
namespace {

// One backing, and its answers as text. Versions differ between backings; here the newest answer
// for a key has a name that is the same in both: how many writes of that key were applied.
class Subject {
 public:
  void Use(Backing* backing) { backing_ = backing; }

  std::string Write(const std::string& space, const std::vector<StoreWrite>& rows,
                    bool with_current_version, uint64_t ticket) {
    std::vector<StoreWrite> writes = rows;
    for (StoreWrite& write : writes) {
      const auto known = versions_.find({space, std::string(write.key)});
      if (with_current_version && known != versions_.end()) write.if_version = known->second;
    }
    const auto written = backing_->Write(space, writes, ticket);
    if (!written.ok()) return written.status().ToString();
    std::ostringstream text;
    for (size_t i = 0; i < writes.size(); ++i) {
      uint64_t& known = versions_[{space, std::string(writes[i].key)}];
      if ((*written)[i].applied) {
        EXPECT_GT((*written)[i].version, newest_);
        newest_ = known = (*written)[i].version;
        text << "applied ";
      } else {
        text << ((*written)[i].version == 0 ? "absent " : "kept ");
        EXPECT_TRUE((*written)[i].version == 0 || (*written)[i].version == known);
      }
    }
    return text.str();
  }

  std::string Read(const std::string& space, const std::vector<std::string_view>& keys) {
    return TextOf(space, keys, backing_->ReadMany(space, keys));
  }

  std::string ReadOne(const std::string& space, std::string_view key) {
    auto row = backing_->Read(space, key);
    if (!row.ok()) return row.status().ToString();
    return TextOf(space, {key}, std::vector<std::optional<StoredValue>>{*std::move(row)});
  }

  std::string Delete(const std::string& space, const std::vector<std::string_view>& keys,
                     uint64_t ticket) {
    return TextOf(space, keys, backing_->Delete(space, keys, ticket));
  }

  // A write or a delete of one key under a lock.
  std::string Fenced(const WriteFence& fence, const std::string& space, std::string_view key,
                     bool is_write, uint64_t ticket) {
    if (!is_write) {
      return TextOf(space, {key}, backing_->DeleteFenced(fence, space, {&key, 1}, ticket));
    }
    const StoreWrite write{.key = key, .value = "fenced"};
    const auto written = backing_->WriteFenced(fence, space, {&write, 1}, ticket);
    if (!written.ok()) return written.status().ToString();
    newest_ = versions_[{space, std::string(key)}] = written->front().version;
    return "applied ";
  }

  std::string Touch(const std::string& space, std::string_view key, absl::Time expires_at,
                    uint64_t ticket) {
    const auto touched = backing_->Touch(space, key, expires_at, ticket);
    return touched.ok() ? (*touched ? "yes" : "no") : touched.status().ToString();
  }

  std::string DeleteTag(const std::string& space, std::string_view tag, uint64_t ticket) {
    const auto deleted = backing_->DeleteTag(space, tag, ticket);
    return deleted.ok() ? std::to_string(*deleted) : deleted.status().ToString();
  }

  std::string Clear(const std::string& space, uint64_t ticket) {
    return backing_->Clear(space, ticket).ToString();
  }
  std::string ClearAll(uint64_t ticket) { return backing_->ClearAll(ticket).ToString(); }

  // The last write may have another version by now, so of versions only whether there is one.
  std::string ReadChangeLog(size_t rows_max) {
    const auto changes = backing_->ReadChangeLog(rows_max);
    if (!changes.ok()) return changes.status().ToString();
    std::ostringstream text;
    for (LoggedChange change : *changes) {
      change.version = change.version == 0 ? 0 : 1;
      text << testing::TextOf(change) << "; ";
    }
    return text.str();
  }

  std::string TrimChangeLog(const std::vector<uint64_t>& tickets) {
    return backing_->TrimChangeLog(tickets).ToString();
  }

  // How much is left is not the same: SQLite has marks to sweep as well.
  std::string Sweep(size_t rows_max) { return backing_->Sweep(rows_max).status().ToString(); }

  std::string Count() {
    const auto counts = backing_->CountRows();
    if (!counts.ok()) return counts.status().ToString();
    std::ostringstream text;
    for (const Backing::Count& count : *counts) {
      text << count.namespace_name << " " << count.rows << " " << count.value_bytes << "; ";
    }
    return text.str();
  }

 private:
  std::string TextOf(const std::string& space, const std::vector<std::string_view>& keys,
                     const absl::StatusOr<std::vector<std::optional<StoredValue>>>& rows) {
    if (!rows.ok()) return rows.status().ToString();
    std::ostringstream text;
    for (size_t i = 0; i < keys.size(); ++i) {
      const std::optional<StoredValue>& row = (*rows)[i];
      if (!row.has_value()) {
        text << "-; ";
        continue;
      }
      EXPECT_EQ(row->version, (versions_[{space, std::string(keys[i])}]));
      text << row->value << " " << row->expires_at;
      for (const std::string& tag : row->tags) text << " " << tag;
      text << "; ";
    }
    return text.str();
  }

  Backing* backing_ = nullptr;
  std::map<std::pair<std::string, std::string>, uint64_t> versions_;  // of the last write
  uint64_t newest_ = 0;
};

class RandomCalls {
 public:
  RandomCalls(uint64_t seed, const ManualClock& clock) : random_(seed), clock_(clock) {}

  size_t Below(size_t end) { return random_() % end; }

  // Makes the same call on both and says which.
  std::string Next(Subject& one, Subject& other, std::string* answer, std::string* expected) {
    const std::string space = "space" + std::to_string(Below(2));
    const uint64_t ticket = Ticket();
    const auto both = [&](const std::string& call, auto ask) {
      *answer = ask(one);
      *expected = ask(other);
      return call + " in " + space;
    };
    switch (Below(29)) {
      case 0:
        return both("Clear", [&](Subject& s) { return s.Clear(space, ticket); });
      case 1: {
        const bool all = Below(5) == 0;
        return both("ClearAll", [&](Subject& s) { return all ? s.ClearAll(ticket) : s.Count(); });
      }
      case 2: {
        const size_t rows_max = Below(5);
        return both("Sweep", [&](Subject& s) { return s.Sweep(rows_max); });
      }
      case 3:
        return both("Count", [&](Subject& s) { return s.Count(); });
      case 4: {
        const std::string tag = Tag();
        return both("DeleteTag", [&](Subject& s) { return s.DeleteTag(space, tag, ticket); });
      }
      case 5:
      case 6: {
        const std::string key = Key();
        const absl::Time expiry = Expiry();
        return both("Touch", [&](Subject& s) { return s.Touch(space, key, expiry, ticket); });
      }
      case 7:
      case 8:
        return both("Delete", [&, keys = Keys()](Subject& s) {
          return s.Delete(space, Views(keys), ticket);
        });
      case 9:
      case 10:
        return both("ReadMany",
                    [&, keys = Keys()](Subject& s) { return s.Read(space, Views(keys)); });
      case 11:
      case 12:
      case 13:
        return both("Read", [&, key = Key()](Subject& s) { return s.ReadOne(space, key); });
      case 14: {
        std::vector<uint64_t> tickets;
        size_t left = Below(150);  // about as many as come in the meantime
        while (left-- > 0 && trimmed_ticket_ < newest_ticket_) tickets.push_back(++trimmed_ticket_);
        return both("TrimChangeLog", [&](Subject& s) { return s.TrimChangeLog(tickets); });
      }
      case 15:
      case 16: {
        const size_t rows_max = Below(40);
        return both("ReadChangeLog", [&](Subject& s) { return s.ReadChangeLog(rows_max); });
      }
      case 17:
      case 18: {
        const WriteFence fence{.lock = Below(2) == 0 ? "l" : "m", .token = 1 + Below(100)};
        const bool is_write = Below(2) == 0;
        return both("Fenced", [&, key = Key()](Subject& s) {
          return s.Fenced(fence, space, key, is_write, ticket);
        });
      }
      default:
        return both("Write", [&, rows = Rows(), current = Below(2) == 0](Subject& s) {
          std::vector<StoreWrite> writes;
          for (const OwnedRow& row : rows) {
            writes.push_back({.key = row.key,
                              .value = row.value,
                              .expires_at = row.expires_at,
                              .tags = row.tags,
                              .when = row.when});
          }
          return s.Write(space, writes, current, ticket);
        });
    }
  }

 private:
  struct OwnedRow {
    std::string key;
    std::string value;
    absl::Time expires_at;
    std::vector<std::string> tags;
    SetWhen when;
  };

  static std::vector<std::string_view> Views(const std::vector<std::string>& strings) {
    return {strings.begin(), strings.end()};
  }

  // Each but kUnlogged once, with room for the changes of a call: under which one a row is logged
  // whose ticket is taken is not the same in both.
  uint64_t Ticket() { return Below(2) == 0 ? kUnlogged : newest_ticket_ += 5; }

  std::string Key() { return "key" + std::to_string(Below(6)); }
  std::string Tag() { return "tag" + std::to_string(Below(3)); }

  std::vector<std::string> Keys() {
    std::vector<std::string> keys(Below(5));
    for (std::string& key : keys) key = Key();
    return keys;
  }

  absl::Time Expiry() {
    return Below(2) == 0 ? absl::InfiniteFuture()
                         : clock_.WallTime() + absl::Milliseconds(Below(20));
  }

  std::vector<OwnedRow> Rows() {
    std::vector<OwnedRow> rows(Below(4));
    for (OwnedRow& row : rows) {
      row = {.key = Key(),
             .value = std::string(Below(3) * 10, 'v') + std::to_string(Below(1000)),
             .expires_at = Expiry(),
             .tags = {},
             .when = static_cast<SetWhen>(Below(4))};
      for (size_t i = Below(4); i > 0; --i) row.tags.push_back(Tag());
    }
    return rows;
  }

  std::mt19937_64 random_;
  const ManualClock& clock_;
  uint64_t newest_ticket_ = 0;
  uint64_t trimmed_ticket_ = 0;
};

TEST(SqliteModelTest, RandomCallsHaveTheAnswersOfTheModel) {
  const uint64_t seed = RandomTestSeed();
  SCOPED_TRACE(SeedTrace(seed));
  ManualClock clock;
  TempFolder folder;
  const std::string file = folder.File("test.db");
  std::unique_ptr<Backing> handles[2];
  for (auto& handle : handles) {
    auto opened = OpenSqlite({.path = file, .readers = 1, .clock = &clock});
    ASSERT_TRUE(opened.ok()) << opened.status();
    handle = *std::move(opened);
  }
  MemoryBacking memory(&clock);
  Subject sqlite;
  Subject model;
  model.Use(&memory);
  RandomCalls calls(seed, clock);
  RawDatabase raw(file);

  const size_t steps = ScaledCount(8000);
  for (size_t step = 0; step < steps; ++step) {
    sqlite.Use(handles[calls.Below(2)].get());
    clock.Advance(absl::Milliseconds(calls.Below(3)));
    std::string answer;
    std::string expected;
    const std::string call = calls.Next(sqlite, model, &answer, &expected);
    ASSERT_EQ(answer, expected) << "step " << step << ": " << call;
    if (step % 200 != 0) continue;
    // The index of tags names each tag of each row, and nothing else.
    ASSERT_EQ(raw.Ask("SELECT count(*) FROM trivet_tags AS t LEFT JOIN trivet_rows AS r"
                      " ON r.id = t.row AND r.namespace = t.namespace"
                      " WHERE r.id IS NULL OR instr(r.tags, t.tag) = 0"),
              "0");
    // Each tag of this test takes five bytes in its row.
    ASSERT_EQ(raw.Ask("SELECT count(*) FROM trivet_tags"),
              raw.Ask("SELECT coalesce(sum(length(tags)), 0) / 5 FROM trivet_rows"));
    ASSERT_EQ(raw.Ask("PRAGMA integrity_check"), "ok");
  }
}

}  // namespace
}  // namespace trivet::testing
