// Question: what do gets from Redis cost when many threads share pipelined connections?
//
// Decision it serves: how sync/ moves bytes; see
// docs/decisions/0010-the-waiting-thread-drives.md. The bar: with 32 threads at least three times
// the throughput of plain hiredis.
//
// Baseline: hiredis as programs use it, blocking, with a connection for each thread, and with a
// pool of them that threads borrow from. Threads are not pinned: most of the time they sleep, and
// waking one costs twice as much if it must be done on another core.
#include <hiredis.h>

#include <array>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "bench/support/pinned_thread.h"
#include "bench/support/remote_server.h"
#include "bench/support/require.h"
#include "bench/support/session.h"
#include "sync/redis_client.h"
#include "trivet/clock.h"
#include "trivet/redis_tier.h"
#include "trivet/shared_tier.h"

namespace trivet::bench {
namespace {

constexpr size_t kKeys = 10'000;
constexpr size_t kValueBytes = 100;
constexpr size_t kPoolSize = 8;

// Blocking, for one thread at a time.
class PlainConnection {
 public:
  explicit PlainConnection(const std::string& socket) : context_(redisConnectUnix(socket.c_str())) {
    Require(context_ != nullptr && context_->err == 0, "connect to Redis");
  }

  Outcome Get(const Key& key) {
    const std::unique_ptr<redisReply, void (*)(void*)> reply(
        static_cast<redisReply*>(
            redisCommand(context_.get(), "GET %b", key.view().data(), key.view().size())),
        &freeReplyObject);
    Require(reply != nullptr && reply->type == REDIS_REPLY_STRING, "get from Redis");
    TouchLast({reply->str, reply->len});
    return Outcome::kHit;
  }

 private:
  struct Free {
    void operator()(redisContext* context) const { redisFree(context); }
  };

  std::unique_ptr<redisContext, Free> context_;
};

class PlainPool {
 public:
  explicit PlainPool(const std::string& socket) {
    for (size_t i = 0; i < kPoolSize; ++i) {
      free_.push_back(std::make_unique<PlainConnection>(socket));
    }
  }

  Outcome Get(const Key& key) {
    std::unique_ptr<PlainConnection> connection;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return !free_.empty(); });
      connection = std::move(free_.back());
      free_.pop_back();
    }
    const Outcome outcome = connection->Get(key);
    {
      const std::lock_guard lock(mutex_);
      free_.push_back(std::move(connection));
    }
    changed_.notify_one();
    return outcome;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::unique_ptr<PlainConnection>> free_;
};

std::shared_ptr<sync::RedisClient> OpenClient(const std::string& socket, size_t connections) {
  auto client = sync::RedisClient::Open({.url = "unix://" + socket, .connections = connections});
  Require(client.status());
  return *std::move(client);
}

void Fill(sync::RedisClient& client) {
  sync::Commands commands;
  const std::string value(kValueBytes, 'v');
  for (size_t i = 0; i < kKeys; ++i) Require(commands.Add({"SET", KeyOf(i).view(), value}));
  Require(client.CallMany(commands, client.In(absl::Seconds(10))).status());
}

Contender Shared(const std::string& socket, size_t connections) {
  const std::string name =
      "trivet, " + std::to_string(connections) + (connections > 1 ? " connections" : " connection");
  return {name, [client = OpenClient(socket, connections)](Turn& turn) {
            UnpinThisThread();
            turn.Run([&](const Key& key) {
              const auto reply = client->Call({"GET", key.view()}, client->In(absl::Seconds(10)));
              Require(reply.status());
              TouchLast(reply->text);
              return Outcome::kHit;
            });
          }};
}

// The same keys as values of the tier that caches share, with header, checksum and all.
class Tier {
 public:
  explicit Tier(const std::string& socket) {
    auto tier = OpenRedisTier({.redis = {.url = "unix://" + socket}});
    Require(tier.status());
    tier_ = *std::move(tier);
    const auto state = tier_->Fence(part_, 1, Deadline());
    Require(state.status());
    part_.generation = state->generation;
    part_.server = state->server;
    const std::string value(kValueBytes, 'v');
    for (uint64_t i = 0; i < kKeys; ++i) {
      const auto begun = tier_->BeginWrite(part_, KeyOf(i).view(), i + 1, Deadline());
      Require(begun.status());
      const SharedWrite write{.value = value, .version = 1, .birth = begun->sequence};
      const auto ended = tier_->EndWrite(part_, KeyOf(i).view(), i + 1, 1, write, Deadline());
      Require(ended.ok() && ended->won, "a value in the tier");
    }
  }

  Outcome Read(std::span<const SharedRequest> requests) {
    const auto reading = tier_->Read(part_, requests, Deadline());
    Require(reading.status());
    for (const SharedFound& found : reading->found) {
      Require(found.state == SharedFound::State::kValue, "a value of the tier");
      TouchLast(found.value.value);
    }
    return Outcome::kHit;
  }

 private:
  static absl::Duration Deadline() { return Clock::System()->Elapsed() + absl::Seconds(10); }

  std::unique_ptr<SharedTier> tier_;
  SharedPart part_{.space = "bench"};
};

// As a load asks: it would claim what is not there.
Contender OfTier(const std::shared_ptr<Tier>& tier) {
  return {"trivet, a value of the shared tier", [tier](Turn& turn) {
            UnpinThisThread();
            turn.Run([&](const Key& key) {
              const SharedRequest request{.key = key.view(), .token = ~uint64_t{0}};
              return tier->Read({&request, 1});
            });
          }};
}

constexpr size_t kBatch = 100;

Contender OfTierAtOnce(const std::shared_ptr<Tier>& tier) {
  return {"trivet, 100 values of the shared tier at once",
          [tier](Turn& turn) {
            UnpinThisThread();
            turn.Run([&](const Key& first) {
              std::array<SharedRequest, kBatch> requests;
              requests.fill({.key = first.view(), .token = ~uint64_t{0}});
              for (size_t i = 1; i < kBatch; ++i) requests[i].key = turn.Next().view();
              return tier->Read(requests);
            });
          },
          kBatch};
}

Contender PerThread(const std::string& socket) {
  return {"hiredis, a connection per thread", [socket](Turn& turn) {
            UnpinThisThread();
            PlainConnection own(socket);
            turn.Run([&](const Key& key) { return own.Get(key); });
          }};
}

Contender Pooled(const std::string& socket) {
  return {"hiredis, a pool of " + std::to_string(kPoolSize),
          [pool = std::make_shared<PlainPool>(socket)](Turn& turn) {
            UnpinThisThread();
            turn.Run([&](const Key& key) { return pool->Get(key); });
          }};
}

int Main(int argc, char** argv) {
  Session session("redis", "What do gets from Redis cost when threads share connections?", argc,
                  argv);
  const std::shared_ptr<RemoteServer> server = RemoteServer::StartRedis();
  if (server == nullptr) return session.Finish();
  Fill(*OpenClient(server->socket(), 1));
  std::vector<Contender> contenders;
  const auto tier = std::make_shared<Tier>(server->socket());
  for (Contender& contender :
       std::vector{Shared(server->socket(), 1), Shared(server->socket(), 2), OfTier(tier),
                   OfTierAtOnce(tier), PerThread(server->socket()), Pooled(server->socket())}) {
    if (session.Wants(contender.name)) contenders.push_back(std::move(contender));
  }
  for (const int threads : {1, 8, 32}) {
    session.Measure({.keys = kKeys, .value_bytes = kValueBytes, .threads = threads}, contenders);
  }
  return session.Finish();
}

}  // namespace
}  // namespace trivet::bench

int main(int argc, char** argv) { return trivet::bench::Main(argc, argv); }
