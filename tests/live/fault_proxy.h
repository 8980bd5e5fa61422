// A TCP proxy in front of a Redis server that does what networks do.
#ifndef TRIVET_TESTS_LIVE_FAULT_PROXY_H_
#define TRIVET_TESTS_LIVE_FAULT_PROXY_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace trivet::testing {

// Listens on a loopback port of its own. Connections go to the upstream of the moment at which they
// are made, and stay there.
//
// What is done to messages concerns connections on which SUBSCRIBE was sent, and there whole
// messages only: the rest of a stream is protected by TCP.
//
// Thread-safety: all methods, on any thread; they take effect within a millisecond or so.
class FaultProxy {
 public:
  FaultProxy(uint16_t upstream, uint64_t seed);
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;
  ~FaultProxy();

  uint16_t port() const { return port_; }
  void SetUpstream(uint16_t port) { upstream_ = port; }

  // Swallows what is sent, in both directions, and closes nothing.
  void SetSilent(bool silent) { silent_ = silent; }
  // Closes all connections.
  void Cut() { cuts_.fetch_add(1); }

  // Of the messages to subscribers one in so many is lost, comes twice, changes places with the
  // next one, or has a byte changed; 0: none.
  struct Weather {
    uint32_t lost = 0;
    uint32_t repeated = 0;
    uint32_t swapped = 0;
    uint32_t changed = 0;
  };
  void SetWeather(const Weather& weather);

  // Messages that something was done to.
  uint64_t harmed() const { return harmed_; }

 private:
  struct Connection {
    int client = -1;
    int server = -1;
    bool subscribes = false;
    std::string to_client;  // that is still to be written
    std::string to_server;  // the same
    std::string unread;     // the beginning of a message
    std::string held_back;  // a message that changes places with the next one
  };

  void Loop();
  void Accept();
  // False: it has ended.
  bool Forward(Connection& connection, bool client_ready, bool server_ready);
  void TakeMessages(Connection& connection);
  void Pass(Connection& connection, std::string message);
  bool Chance(uint32_t one_in);

  const int listener_;
  const uint16_t port_;
  std::atomic<uint16_t> upstream_;
  std::atomic<bool> silent_{false};
  std::atomic<uint32_t> cuts_{0};
  std::atomic<uint32_t> lost_{0};
  std::atomic<uint32_t> repeated_{0};
  std::atomic<uint32_t> swapped_{0};
  std::atomic<uint32_t> changed_{0};
  std::atomic<uint64_t> harmed_{0};
  std::atomic<bool> stopping_{false};

  // Of the loop.
  std::mt19937_64 random_;
  std::vector<std::unique_ptr<Connection>> connections_;
  uint32_t cuts_done_ = 0;

  std::thread thread_;  // last: uses the others
};

// The length of the first whole value in RESP at the beginning of `bytes`, 0 if there is none yet.
size_t WholeValueBytes(std::string_view bytes);

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_LIVE_FAULT_PROXY_H_
