#include "sync/command.h"

#include <hiredis.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"

namespace trivet::sync {
namespace {

// hiredis counts both in an int and checks neither.
constexpr size_t kArgumentsMax = 1 << 20;
constexpr size_t kCommandBytesMax = 512 << 20;

struct FreeCommand {
  void operator()(char* command) const { redisFreeSdsCommand(command); }
};

}  // namespace

absl::Status Commands::Add(std::span<const std::string_view> arguments) {
  if (arguments.empty()) return absl::InvalidArgumentError("command: is empty");
  if (arguments.size() > kArgumentsMax) {
    return absl::InvalidArgumentError("command: more than 1048576 arguments");
  }
  absl::InlinedVector<const char*, 8> data;
  absl::InlinedVector<size_t, 8> sizes;
  size_t bytes = 0;
  for (const std::string_view argument : arguments) {
    data.push_back(argument.data());
    sizes.push_back(argument.size());
    bytes += argument.size();
    if (bytes > kCommandBytesMax) return absl::InvalidArgumentError("command: more than 512 MB");
  }
  // The one of its formatters that does without printf, which would cost more than all the rest.
  char* formatted = nullptr;
  const auto size = redisFormatSdsCommandArgv(&formatted, static_cast<int>(arguments.size()),
                                              data.data(), sizes.data());
  if (size < 0) return absl::ResourceExhaustedError("command: out of memory");
  const std::unique_ptr<char, FreeCommand> owner(formatted);
  bytes_.append(formatted, static_cast<size_t>(size));
  ++count_;
  return absl::OkStatus();
}

}  // namespace trivet::sync
