// Question: how long after a change do the caches of other processes drop what it replaced?
//
// Decision it serves: change and message are one script, and messages go by pub/sub; see
// docs/protocol.md. The bar: from the call of Invalidate until the entry has left the memory of
// each of four processes, at most twice the median and three times the p99 of the control.
//
// Baseline, the control: PUBLISH by plain hiredis until a blocking subscriber of plain hiredis in
// each of the same processes has it.
#include <hiredis.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "bench/support/remote_server.h"
#include "bench/support/require.h"
#include "bench/support/session.h"
#include "trivet/cache.h"
#include "trivet/redis_tier.h"

namespace trivet::bench {
namespace {

constexpr size_t kProcesses = 4;
constexpr size_t kKeys = 2'000;  // each is invalidated once in a repetition
constexpr absl::Duration kPause = absl::Microseconds(200);

int64_t Now() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

// What parent and children share.
struct Board {
  std::atomic<int64_t> arrived[kProcesses][kKeys];  // 0: not yet
  std::atomic<uint32_t> count;                      // of arrivals
  std::atomic<uint32_t> ready;                      // children that have done what `asked` says
  std::atomic<uint32_t> asked;                      // counts: load all keys again
  void Arrive(size_t process, size_t key) {
    arrived[process][key] = Now();
    count.fetch_add(1);
  }
};

Board* NewBoard() {
  void* const at =
      mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  Require(at != MAP_FAILED, "shared memory");
  return static_cast<Board*>(at);
}

std::string Name(size_t key) { return "k" + std::to_string(key); }
size_t NumberOf(std::string_view name) { return std::strtoul(name.data() + 1, nullptr, 10); }

std::unique_ptr<redisContext, void (*)(redisContext*)> Connect(const std::string& socket) {
  std::unique_ptr<redisContext, void (*)(redisContext*)> context(redisConnectUnix(socket.c_str()),
                                                                 &redisFree);
  Require(context != nullptr && context->err == 0, "connect to Redis");
  return context;
}

std::unique_ptr<Cache> OpenCache(const std::string& socket, RemovalListener listener) {
  auto tier = OpenRedisTier({.redis = {.url = "unix://" + socket}});
  Require(tier.status());
  CacheOptions options;
  options.memory_bytes = 64 << 20;
  options.shared = *std::move(tier);
  options.removal_listener = std::move(listener);
  auto cache = Cache::Open(std::move(options));
  Require(cache.status());
  return *std::move(cache);
}

void LoadAll(Namespace& view) {
  for (size_t key = 0; key < kKeys; ++key) {
    while (!view.Find(Name(key))) {
      Require(view.GetOrLoad(Name(key), [](Load&) -> Loaded { return std::string(100, 'v'); })
                  .status());
    }
  }
}

// A process with a cache that holds all keys, whenever it is asked to load them.
void RunCache(const std::string& socket, size_t process, Board& board) {
  const auto cache = OpenCache(socket, [&](const Removal& removal) {
    if (removal.cause == RemovalCause::kInvalidated) board.Arrive(process, NumberOf(removal.key));
  });
  Namespace view = cache->In("pages", {.use_backing = false});
  for (uint32_t done = 0; true;) {
    while (board.asked == done) absl::SleepFor(absl::Milliseconds(1));
    done = board.asked;
    LoadAll(view);
    ++board.ready;
  }
}

// A process that only listens.
void RunControl(const std::string& socket, size_t process, Board& board) {
  const auto context = Connect(socket);
  freeReplyObject(redisCommand(context.get(), "SUBSCRIBE control"));
  ++board.ready;
  void* reply = nullptr;
  while (redisGetReply(context.get(), &reply) == REDIS_OK) {
    const auto* const message = static_cast<redisReply*>(reply);
    if (message->type == REDIS_REPLY_ARRAY && message->elements == 3 &&
        message->element[2]->type == REDIS_REPLY_STRING) {
      board.Arrive(process, NumberOf(message->element[2]->str));
    }
    freeReplyObject(reply);
  }
}

// Children, one for each process; ends them.
class Children {
 public:
  Children(void (*run)(const std::string&, size_t, Board&), const std::string& socket,
           Board& board) {
    for (size_t process = 0; process < kProcesses; ++process) {
      const pid_t child = fork();
      Require(child >= 0, "fork");
      if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        run(socket, process, board);
        _exit(0);
      }
      children_.push_back(child);
    }
  }
  Children(const Children&) = delete;
  Children& operator=(const Children&) = delete;
  ~Children() {
    for (const pid_t child : children_) {
      kill(child, SIGKILL);
      waitpid(child, nullptr, 0);
    }
  }

 private:
  std::vector<pid_t> children_;
};

void Await(const std::atomic<uint32_t>& number, uint32_t value) {
  const absl::Time give_up = absl::Now() + absl::Minutes(1);
  while (number < value) {
    Require(absl::Now() < give_up, "all processes hear of all changes");
    absl::SleepFor(absl::Microseconds(100));
  }
}

// The delays of one repetition, and the rate at which changes arrive everywhere when they are made
// one after the other without a pause.
struct Seen {
  std::vector<double> p50_us;
  std::vector<double> p99_us;
  std::vector<double> per_second;
};

template <typename Change>
void Measure(Board& board, const Change& change, bool pauses, Seen& seen) {
  for (auto& of_process : board.arrived) {
    for (auto& arrived : of_process) arrived = 0;
  }
  board.count = 0;
  std::vector<int64_t> begun(kKeys);
  for (size_t key = 0; key < kKeys; ++key) {
    begun[key] = Now();
    change(key);
    if (pauses) absl::SleepFor(kPause);
  }
  Await(board.count, kProcesses * kKeys);
  std::vector<double> delays;
  int64_t last = 0;
  for (const auto& of_process : board.arrived) {
    for (size_t key = 0; key < kKeys; ++key) {
      delays.push_back(static_cast<double>(of_process[key] - begun[key]) / 1e3);
      last = std::max(last, of_process[key].load());
    }
  }
  std::sort(delays.begin(), delays.end());
  if (pauses) {
    seen.p50_us.push_back(delays[delays.size() / 2]);
    seen.p99_us.push_back(delays[delays.size() * 99 / 100]);
  } else {
    seen.per_second.push_back(static_cast<double>(kKeys) * 1e9 /
                              static_cast<double>(last - begun[0]));
  }
}

void Report(Session& session, const char* name, const Seen& seen) {
  session.Add({{"processes", kProcesses}}, name,
              {{"p50_us", Median(seen.p50_us)},
               {"p99_us", Median(seen.p99_us)},
               {"changes_per_second", Median(seen.per_second)}});
}

int Main(int argc, char** argv) {
  Session session("invalidation",
                  "How long after a change do other processes drop what it replaced?", argc, argv);
  const std::shared_ptr<RemoteServer> server = RemoteServer::StartRedis();
  if (server == nullptr) return session.Finish();
  // Children first: a process with threads is not to be forked.
  Board& of_caches = *NewBoard();
  Board& of_control = *NewBoard();
  const Children caches(&RunCache, server->socket(), of_caches);
  const Children control(&RunControl, server->socket(), of_control);
  Await(of_control.ready, kProcesses);
  const auto cache = OpenCache(server->socket(), nullptr);
  Namespace view = cache->In("pages", {.use_backing = false});
  const auto publisher = Connect(server->socket());
  Seen of_trivet;
  Seen of_hiredis;
  for (int i = 0; i < session.settings().repetitions; ++i) {
    for (const bool pauses : {true, false}) {
      const uint32_t ready = of_caches.ready + kProcesses;
      ++of_caches.asked;
      Await(of_caches.ready, ready);
      Measure(
          of_caches, [&](size_t key) { Require(view.Invalidate(Name(key))); }, pauses, of_trivet);
      Measure(
          of_control,
          [&](size_t key) {
            freeReplyObject(redisCommand(publisher.get(), "PUBLISH control %s", Name(key).c_str()));
          },
          pauses, of_hiredis);
    }
  }
  Report(session, "trivet Invalidate", of_trivet);
  Report(session, "PUBLISH, plain hiredis", of_hiredis);
  return session.Finish();
}

}  // namespace
}  // namespace trivet::bench

int main(int argc, char** argv) { return trivet::bench::Main(argc, argv); }
