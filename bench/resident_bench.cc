// Question: does the resident memory of the process keep to the cache's budget?
//
// Decision it serves: whether `memory_bytes` may be set to what a container has left. Values of
// 10 B to 100 KB, whose mix shifts all the time from small to large and back, are written by two
// threads for as long as the turn lasts; another thread looks at the resident memory every 20 ms.
// Then the budget is cut to a quarter, and then everything is cleared: how long until the memory is
// back?
//
// What counts is what the process has beyond what it had before the cache was opened. The allowance
// is 2 % of the budget and 16 MiB. Each measurement is a process of its own.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "bench/support/machine.h"
#include "bench/support/peers/trivet_peer.h"
#include "bench/support/require.h"
#include "bench/support/session.h"
#include "trivet/cache.h"

namespace trivet::bench {
namespace {

constexpr size_t kWriters = 2;
constexpr double kBytesMin = 10;
constexpr double kBytesMax = 100'000;
constexpr absl::Duration kPatience = absl::Seconds(30);

struct Answer {
  double most_beyond_mib = 0;  // the budget, at any moment
  double most_of_allowance = 0;
  double shrink_s = 0;
  double clear_s = 0;
  double writes = 0;
};

double Allowance(size_t budget) { return 0.02 * static_cast<double>(budget) + (16 << 20); }

// Of the sizes that are written now, the middle on a logarithmic scale wanders from end to end and
// back in a quarter of the time.
double SizeAt(double time, std::mt19937_64& random) {
  const double phase = std::fmod(time * 4, 1);
  const double middle = phase < 0.5 ? 2 * phase : 2 - 2 * phase;
  const double spread = std::uniform_real_distribution<double>(-0.2, 0.2)(random);
  return kBytesMin * std::pow(kBytesMax / kBytesMin, std::clamp(middle + spread, 0.0, 1.0));
}

// Seconds until the resident memory is at most that; kPatience if it never is.
double SecondsUntil(size_t resident_bytes) {
  const absl::Time begin = absl::Now();
  while (ResidentBytes() > resident_bytes && absl::Now() - begin < kPatience) {
    absl::SleepFor(absl::Milliseconds(5));
  }
  return absl::ToDoubleSeconds(absl::Now() - begin);
}

Answer Churn(size_t budget, absl::Duration duration, const std::string& policy) {
  const std::string bytes(static_cast<size_t>(kBytesMax), 'v');
  const size_t before = ResidentBytes();
  CacheOptions options = {.memory_bytes = budget};
  if (!policy.empty()) options.policy = policy;
  const std::unique_ptr<Cache> cache = TrivetPeer::OpenCache(std::move(options));
  Namespace view = cache->In("bench");

  std::atomic<bool> ended{false};
  std::atomic<uint64_t> writes{0};
  const absl::Time begin = absl::Now();
  std::vector<std::thread> writers;
  for (size_t i = 0; i < kWriters; ++i) {
    writers.emplace_back([&, i] {
      std::mt19937_64 random(i);
      uint64_t mine = 0;
      for (double time = 0; time < 1;) {
        const size_t size = std::min(static_cast<size_t>(SizeAt(time, random)), bytes.size());
        const std::string key = absl::StrCat("key", random() % 10'000'000);
        Require(view.Set(key, std::string_view(bytes).substr(0, size)).status());
        if (++mine % 64 == 0) time = absl::FDivDuration(absl::Now() - begin, duration);
      }
      writes += mine;
    });
  }
  size_t most = 0;
  std::thread observer([&] {
    while (!ended) {
      most = std::max(most, ResidentBytes());
      absl::SleepFor(absl::Milliseconds(20));
    }
  });
  for (std::thread& writer : writers) writer.join();
  ended = true;
  observer.join();

  Answer answer;
  answer.writes = static_cast<double>(writes);
  const double beyond = static_cast<double>(most) - static_cast<double>(before + budget);
  answer.most_beyond_mib = beyond / (1 << 20);
  answer.most_of_allowance = beyond / Allowance(budget);
  const size_t smaller = budget / 4;
  Require(cache->Resize({.memory_bytes = smaller}));
  answer.shrink_s = SecondsUntil(before + smaller + static_cast<size_t>(Allowance(smaller)));
  Require(cache->ClearAll());
  answer.clear_s = SecondsUntil(before + static_cast<size_t>(Allowance(smaller)));
  return answer;
}

// REQUIRES: this process has one thread.
std::optional<Answer> ChurnInChild(size_t budget, absl::Duration duration,
                                   const std::string& policy) {
  int ends[2];
  Require(pipe(ends) == 0, "a pipe");
  const pid_t child = fork();
  Require(child >= 0, "a child process");
  if (child == 0) {
    const Answer answer = Churn(budget, duration, policy);
    const bool told = write(ends[1], &answer, sizeof(answer)) == sizeof(answer);
    _exit(told ? 0 : 1);
  }
  close(ends[1]);
  Answer answer;
  const bool heard = read(ends[0], &answer, sizeof(answer)) == sizeof(answer);
  close(ends[0]);
  waitpid(child, nullptr, 0);
  if (!heard) return std::nullopt;
  return answer;
}

int Main(int argc, char** argv) {
  Session session("resident", "Does the resident memory of the process keep to the cache's budget?",
                  argc, argv);
  const absl::Duration duration = session.settings().full
                                      ? absl::Minutes(5)
                                      : absl::Seconds(100 * session.settings().turn_seconds);
  for (const size_t mib : {256, 1024}) {
    const std::optional<Answer> answer =
        ChurnInChild(mib << 20, duration, session.settings().policy);
    if (!answer.has_value()) {
      std::fprintf(stderr, "no answer with a budget of %zu MiB\n", mib);
      continue;
    }
    session.Add({{"budget_mib", mib}, {"seconds", absl::ToDoubleSeconds(duration)}}, "trivet",
                {{"most_beyond_mib", answer->most_beyond_mib},
                 {"most_of_allowance", answer->most_of_allowance},
                 {"shrink_s", answer->shrink_s},
                 {"clear_s", answer->clear_s},
                 {"writes", answer->writes}});
  }
  return session.Finish();
}

}  // namespace
}  // namespace trivet::bench

int main(int argc, char** argv) { return trivet::bench::Main(argc, argv); }
