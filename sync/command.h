// Commands as the bytes that go to a Redis server.
#ifndef TRIVET_SYNC_COMMAND_H_
#define TRIVET_SYNC_COMMAND_H_

#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace trivet::sync {

// One or more commands, one after the other. Arguments are length-prefixed, so that no byte in them
// means anything: nothing can be injected.
//
//   Commands commands;
//   if (absl::Status status = commands.Add({"SET", key, value}); !status.ok()) return status;
//
// Thread-safety: that of a std::string.
class Commands {
 public:
  // A command and its arguments: at least one, together at most 512 MB, the limit of a server.
  // InvalidArgument otherwise; nothing is added then.
  absl::Status Add(std::span<const std::string_view> arguments);
  absl::Status Add(std::initializer_list<std::string_view> arguments) {
    return Add(std::span(arguments.begin(), arguments.size()));
  }

  const std::string& bytes() const { return bytes_; }
  size_t count() const { return count_; }

 private:
  std::string bytes_;
  size_t count_ = 0;
};

}  // namespace trivet::sync

#endif  // TRIVET_SYNC_COMMAND_H_
