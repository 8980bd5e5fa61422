// A server that says what a test wants it to, on a unix socket in this process.
#ifndef TRIVET_TESTS_SYNC_FAKE_SERVER_H_
#define TRIVET_TESTS_SYNC_FAKE_SERVER_H_

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "sync/resp_reader.h"
#include "tests/store/temp_folder.h"

namespace trivet::testing {

// One connection, as seen by the server.
class FakePeer {
 public:
  explicit FakePeer(int fd) : fd_(fd) {}

  // The words of the next command; none at the end.
  std::vector<std::string> Read() {
    while (true) {
      auto command = reader_.Next();
      EXPECT_TRUE(command.ok()) << command.status();
      if (!command.ok()) return {};
      if (command->has_value()) {
        std::vector<std::string> words;
        for (sync::Reply& word : (*command)->elements) words.push_back(std::move(word.text));
        return words;
      }
      char bytes[4096];
      const ssize_t got = recv(fd_, bytes, sizeof(bytes), 0);
      if (got <= 0) return {};
      reader_.Feed({bytes, static_cast<size_t>(got)});
    }
  }

  // False if nobody listens any more.
  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }

  // Lets the client in. False if it went away.
  bool Greet(std::string_view version = "7.0.15") {
    while (true) {
      const std::vector<std::string> words = Read();
      if (words.empty()) return false;
      if (words[0] != "INFO") {
        Send("+OK\r\n");
        continue;
      }
      const std::string info = "# Server\r\nredis_version:" + std::string(version) +
                               "\r\nrun_id:0123456789\r\ntcp_port:0\r\n";
      return Send("$" + std::to_string(info.size()) + "\r\n" + info + "\r\n");
    }
  }

 private:
  const int fd_;
  sync::RespReader reader_;
};

// Serves one connection after the other; each ends when `serve` returns.
class FakeServer {
 public:
  explicit FakeServer(std::function<void(FakePeer&)> serve) : serve_(std::move(serve)) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path_.c_str(), sizeof(address.sun_path) - 1);
    listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(listen(listener_, 16), 0);
    thread_ = std::thread([this] { Run(); });
  }
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;
  ~FakeServer() {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
      shutdown(listener_, SHUT_RDWR);
      if (peer_ >= 0) shutdown(peer_, SHUT_RDWR);
    }
    thread_.join();
    close(listener_);
  }

  std::string Url() const { return "unix://" + path_; }
  int connections() const { return connections_; }

 private:
  void Run() {
    while (true) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      {
        const std::lock_guard lock(mutex_);
        peer_ = fd;
        if (fd < 0 || stopped_) {
          if (fd >= 0) close(fd);
          return;
        }
      }
      ++connections_;
      FakePeer peer(fd);
      serve_(peer);
      const std::lock_guard lock(mutex_);
      peer_ = -1;
      close(fd);
    }
  }

  const TempFolder folder_;
  const std::string path_ = folder_.File("fake.sock");
  const std::function<void(FakePeer&)> serve_;
  std::atomic<int> connections_{0};
  int listener_ = -1;
  std::mutex mutex_;
  int peer_ = -1;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_SYNC_FAKE_SERVER_H_
