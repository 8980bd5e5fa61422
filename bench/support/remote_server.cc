#include "bench/support/remote_server.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <thread>
#include <utility>

#include "bench/support/require.h"

extern char** environ;

namespace trivet::bench {
namespace {

// -1: nobody listens there.
int Connect(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  Require(path.size() < sizeof(address.sun_path), "a short path for the socket");
  std::memcpy(address.sun_path, path.data(), path.size());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  Require(fd >= 0, "a socket");
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return fd;
  close(fd);
  return -1;
}

pid_t Spawn(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t pid = -1;
  const int error = posix_spawnp(&pid, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  return error == 0 ? pid : -1;
}

}  // namespace

RemoteServer::RemoteServer(cli::TemporaryFolder folder)
    : folder_(std::move(folder)), socket_(folder_.path() + "/socket") {}

std::unique_ptr<RemoteServer> RemoteServer::Start(
    const std::function<std::vector<std::string>(const std::string& socket)>& command) {
  auto folder = cli::TemporaryFolder::Create();
  Require(folder.status());
  std::unique_ptr<RemoteServer> server(new RemoteServer(*std::move(folder)));
  const std::vector<std::string> words = command(server->socket_);
  server->pid_ = Spawn(words);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (server->pid_ > 0 && std::chrono::steady_clock::now() < deadline) {
    if (const int fd = Connect(server->socket_); fd >= 0) {
      close(fd);
      return server;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  std::fprintf(stderr, "no %s: left out\n", words[0].c_str());
  return nullptr;
}

std::unique_ptr<RemoteServer> RemoteServer::StartRedis() {
  return Start([](const std::string& socket) {
    return std::vector<std::string>{"redis-server", "--port",      "0", "--unixsocket",
                                    socket,         "--save",      "",  "--appendonly",
                                    "no",           "--daemonize", "no"};
  });
}

void RemoteServer::Pause() {
  kill(pid_, SIGSTOP);
  waitpid(pid_, nullptr, WUNTRACED);
}

void RemoteServer::Resume() { kill(pid_, SIGCONT); }

RemoteServer::~RemoteServer() {
  if (pid_ <= 0) return;
  kill(pid_, SIGTERM);
  waitpid(pid_, nullptr, 0);
}

Connection::Connection(const std::string& socket) : fd_(Connect(socket)) {
  Require(fd_ >= 0, "connect to a server");
}

Connection::~Connection() { close(fd_); }

std::string_view Connection::Ask(std::string_view request, std::string_view end) {
  Require(send(fd_, request.data(), request.size(), MSG_NOSIGNAL) ==
              static_cast<ssize_t>(request.size()),
          "send to a server");
  answer_.clear();
  do {
    char part[4096];
    const ssize_t got = recv(fd_, part, sizeof(part), 0);
    Require(got > 0, "receive from a server");
    answer_.append(part, static_cast<size_t>(got));
  } while (!answer_.ends_with(end));
  return answer_;
}

}  // namespace trivet::bench
