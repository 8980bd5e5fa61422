// No write that was acknowledged is lost when the process is killed, none is half there, and none
// is there without its row in the change log, nor the other way round.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tests/store/kill_script.h"
#include "tests/store/raw_database.h"
#include "tests/store/temp_folder.h"
#include "tests/support/backing_rows.h"
#include "tests/support/random_test.h"
#include "trivet/sqlite_backing.h"

extern char** environ;

namespace trivet::testing {
namespace {

using Rows = std::map<std::string, std::string>;

// What is in the file of the store.
struct Found {
  Rows rows = {};
  std::vector<LoggedChange> log = {};
};

// The program of kill_writer_main.cc, from a step on.
class Writer {
 public:
  Writer(const std::string& how, const std::string& file, uint64_t first_step)
      : last_acknowledged_(first_step - 1) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    acknowledgements_ = ends[0];
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    std::string program = TRIVET_HELPER_DIR "/kill_writer_main";
    std::string way = how;
    std::string path = file;
    std::string number = std::to_string(first_step);
    char* arguments[] = {program.data(), way.data(), path.data(), number.data(), nullptr};
    EXPECT_EQ(posix_spawn(&process_, program.c_str(), &actions, nullptr, arguments, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer() { close(acknowledgements_); }

  // Listens for that long, or until the program ends.
  void Listen(std::chrono::microseconds duration) {
    const auto end = std::chrono::steady_clock::now() + duration;
    for (;;) {
      const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(
          end - std::chrono::steady_clock::now());
      if (left.count() <= 0) return;
      const timespec timeout = {.tv_sec = left.count() / 1'000'000'000,
                                .tv_nsec = left.count() % 1'000'000'000};
      pollfd events = {.fd = acknowledgements_, .events = POLLIN, .revents = 0};
      if (ppoll(&events, 1, &timeout, nullptr) == 1 && !Hear()) return;
    }
  }

  // Waits for one acknowledgement.
  void ListenForFirst() { EXPECT_TRUE(Hear()) << "the program ended by itself"; }

  // Kills the program and hears what it said until then. Returns the last step acknowledged.
  uint64_t Kill() {
    EXPECT_EQ(kill(process_, SIGKILL), 0);
    int how = 0;
    EXPECT_EQ(waitpid(process_, &how, 0), process_);
    EXPECT_TRUE(WIFSIGNALED(how)) << "the program ended by itself";
    while (Hear()) {
    }
    return last_acknowledged_;
  }

 private:
  bool Hear() {
    uint64_t number = 0;
    if (read(acknowledgements_, &number, sizeof(number)) != sizeof(number)) return false;
    EXPECT_EQ(number, last_acknowledged_ + 1);
    last_acknowledged_ = number;
    return true;
  }

  int acknowledgements_ = -1;
  pid_t process_ = 0;
  uint64_t last_acknowledged_;
};

class KillTest : public ::testing::Test {
 protected:
  // Looks at a copy, so that the next writer finds the file as the last one left it.
  Found FindInCopy() {
    const std::string copy = folder_.File("copy.db");
    for (const char* suffix : {"", "-wal", "-shm"}) {
      std::filesystem::remove(copy + suffix);
      const std::string from = file_ + suffix;
      if (std::string(suffix) != "-shm" && std::filesystem::exists(from)) {
        std::filesystem::copy(from, copy + suffix);
      }
    }
    return FindIn(copy);
  }

  static Found FindIn(const std::string& file) {
    Found found;
    auto backing = OpenSqlite({.path = file, .readers = 1});
    EXPECT_TRUE(backing.ok()) << backing.status();
    if (!backing.ok()) return found;
    EXPECT_EQ(RawDatabase(file).Ask("PRAGMA integrity_check"), "ok");
    for (uint64_t i = 0; i < kKillScriptKeys; ++i) {
      const std::string key = "key" + std::to_string(i);
      const auto row = (*backing)->Read("script", key);
      EXPECT_TRUE(row.ok()) << row.status();
      if (row.ok() && row->has_value()) found.rows[key] = (*row)->value;
    }
    const auto log = (*backing)->ReadChangeLog(1000);
    EXPECT_TRUE(log.ok()) << log.status();
    if (log.ok()) found.log = *log;
    return found;
  }

  static void Take(uint64_t number, Rows* rows) {
    const KillScriptStep step = KillScriptStepOf(number);
    for (const std::string& key : step.keys) {
      if (step.deletes) {
        rows->erase(key);
      } else {
        (*rows)[key] = step.value;
      }
    }
  }

  // Of the steps from `first` to `last`, without versions.
  static std::vector<std::string> LogOfSteps(uint64_t first, uint64_t last) {
    std::vector<std::string> log;
    for (uint64_t number = first; number <= last; ++number) {
      uint64_t ticket = KillScriptTicketOf(number);
      for (const std::string& key : KillScriptStepOf(number).keys) {
        log.push_back(TextOf({.ticket = ticket++, .namespace_name = "script", .name = key}));
      }
    }
    return log;
  }

  static std::vector<std::string> WithoutVersions(std::vector<LoggedChange> changes) {
    std::vector<std::string> log;
    for (LoggedChange& change : changes) {
      change.version = 0;
      log.push_back(TextOf(change));
    }
    return log;
  }

  TempFolder folder_;
  const std::string file_ = folder_.File("test.db");
};

TEST_F(KillTest, WhatWasAcknowledgedIsThereAndNothingIsHalfThere) {
  const uint64_t seed = RandomTestSeed();
  std::printf("%s\n", SeedTrace(seed).c_str());
  std::mt19937_64 random(seed);
  const size_t rounds = ScaledCount(200);
  Rows expected;
  uint64_t done = 0;
  int unacknowledged = 0;
  for (size_t round = 0; round < rounds; ++round) {
    SCOPED_TRACE(SeedTrace(seed) + ", round " + std::to_string(round));
    Writer writer("cache", file_, done + 1);
    // One in eight dies early, perhaps while it opens the file; but not before there is one.
    if (round == 0 || random() % 8 != 0) writer.ListenForFirst();
    writer.Listen(std::chrono::microseconds(random() % 10'000));
    const uint64_t acknowledged = writer.Kill();
    while (done < acknowledged) Take(++done, &expected);

    const Rows rows = FindInCopy().rows;
    if (rows != expected) {
      // The step that was under way may have been taken, as a whole.
      Take(++done, &expected);
      ++unacknowledged;
    }
    ASSERT_EQ(rows, expected) << "after step " << acknowledged;
  }
  EXPECT_EQ(FindIn(file_).rows, expected);
  std::printf("%zu rounds, %llu steps, %d of them taken but not acknowledged\n", rounds,
              static_cast<unsigned long long>(done), unacknowledged);
  EXPECT_GT(done, rounds);
}

// The log names the last step that was taken, so that here nothing is guessed.
TEST_F(KillTest, WhatIsLoggedIsThereAndWhatIsThereIsLogged) {
  const uint64_t seed = RandomTestSeed();
  std::mt19937_64 random(seed);
  Rows expected;
  uint64_t done = 0;
  uint64_t oldest = 1;  // step in the log when the writer begins
  const size_t rounds = ScaledCount(100);
  for (size_t round = 0; round < rounds; ++round) {
    SCOPED_TRACE(SeedTrace(seed) + ", round " + std::to_string(round));
    Writer writer("log", file_, done + 1);
    if (round == 0 || random() % 8 != 0) writer.ListenForFirst();
    writer.Listen(std::chrono::microseconds(random() % 10'000));
    const uint64_t acknowledged = writer.Kill();

    const Found found = FindInCopy();
    ASSERT_FALSE(found.log.empty());
    const uint64_t last = found.log.back().ticket / kKillScriptKeysPerStep;
    ASSERT_GE(last, acknowledged);
    ASSERT_LE(last, acknowledged + 1);
    // The step before may not be trimmed yet, nor, by a writer that took no more than one, what it
    // found there.
    const uint64_t untrimmed = last <= done + 1 ? oldest : last - 1;
    while (done < last) Take(++done, &expected);
    ASSERT_EQ(found.rows, expected) << "after step " << last;
    ASSERT_THAT(WithoutVersions(found.log),
                ::testing::AnyOf(::testing::ElementsAreArray(LogOfSteps(last, last)),
                                 ::testing::ElementsAreArray(LogOfSteps(untrimmed, last))));
    oldest = found.log.front().ticket / kKillScriptKeysPerStep;
  }
}

}  // namespace
}  // namespace trivet::testing
