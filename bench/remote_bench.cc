// Question: what does a hit cost that another process answers?
//
// Decision it serves: what a program gains by a cache of its own in front of a shared one. Redis
// and memcached are on this machine, on a unix socket, and have nothing else to do: no network can
// be faster. Each thread has a connection; a request waits for its answer.
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/support/operations.h"
#include "bench/support/peers/field.h"
#include "bench/support/remote_server.h"
#include "bench/support/require.h"
#include "bench/support/session.h"

namespace trivet::bench {
namespace {

constexpr size_t kKeys = 10'000;
constexpr size_t kValueBytes = 100;

// What the two protocols say. A value of 100 bytes holds no line ends, so that an answer ends where
// its last line does.
struct Redis {
  static constexpr std::string_view kName = "Redis, unix socket";
  static constexpr std::string_view kSetEnd = "+OK\r\n";

  static std::vector<std::string> Command(const std::string& socket) {
    return {"redis-server", "--port",      "0", "--unixsocket",
            socket,         "--save",      "",  "--appendonly",
            "no",           "--daemonize", "no"};
  }
  static std::string Set(std::string_view key, const std::string& value) {
    return "*3\r\n$3\r\nSET\r\n" + Bulk(key) + Bulk(value);
  }
  static void AppendGet(std::string_view key, std::string& request) {
    request += "*2\r\n$3\r\nGET\r\n";
    request += Bulk(key);
  }
  static constexpr std::string_view kGetEnd = "v\r\n";

 private:
  static std::string Bulk(std::string_view bytes) {
    return '$' + std::to_string(bytes.size()) + "\r\n" + std::string(bytes) + "\r\n";
  }
};

struct Memcached {
  static constexpr std::string_view kName = "memcached, unix socket";
  static constexpr std::string_view kSetEnd = "STORED\r\n";
  static constexpr std::string_view kGetEnd = "END\r\n";

  static std::vector<std::string> Command(const std::string& socket) {
    // The user matters only to a benchmark that runs as root.
    return {"memcached", "-s", socket, "-m", "256", "-t", "2", "-u", "root"};
  }
  static std::string Set(std::string_view key, const std::string& value) {
    return "set " + std::string(key) + " 0 0 " + std::to_string(value.size()) + "\r\n" + value +
           "\r\n";
  }
  static void AppendGet(std::string_view key, std::string& request) {
    request += "get ";
    request += key;
    request += "\r\n";
  }
};

template <typename Protocol>
void AddRemote(const Session& session, std::vector<Contender>& contenders) {
  if (!session.Wants(Protocol::kName)) return;
  const std::shared_ptr<RemoteServer> server = RemoteServer::Start(&Protocol::Command);
  if (server == nullptr) return;
  Connection connection(server->socket());
  const std::string value(kValueBytes, 'v');
  for (size_t i = 0; i < kKeys; ++i) {
    connection.Ask(Protocol::Set(KeyOf(i).view(), value), Protocol::kSetEnd);
  }
  const auto run = [server](Turn& turn) {
    Connection own(server->socket());
    std::string request;
    turn.Run([&](const Key& key) {
      request.clear();
      Protocol::AppendGet(key.view(), request);
      const std::string_view answer = own.Ask(request, Protocol::kGetEnd);
      Touch(answer.front());
      return answer.size() > kValueBytes ? Outcome::kHit : Outcome::kMiss;
    });
  };
  contenders.push_back({std::string(Protocol::kName), run});
}

int Main(int argc, char** argv) {
  Session session("remote", "What does a hit cost that another process answers?", argc, argv);
  const PeerOptions options = {.entries = kKeys, .value_bytes = kValueBytes};
  std::vector<Contender> contenders;
  if (auto trivet = OpenFull<TrivetPeer>(session, options)) {
    contenders.push_back(Gets(std::move(trivet)));
  }
  AddRemote<Redis>(session, contenders);
  AddRemote<Memcached>(session, contenders);
  for (const int threads : {1, 2}) {
    session.Measure({.keys = kKeys, .value_bytes = kValueBytes, .threads = threads}, contenders);
  }
  return session.Finish();
}

}  // namespace
}  // namespace trivet::bench

int main(int argc, char** argv) { return trivet::bench::Main(argc, argv); }
