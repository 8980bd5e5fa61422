// A folder that is gone when its user is.
#ifndef TRIVET_BINDINGS_CLI_TEMPORARY_FOLDER_H_
#define TRIVET_BINDINGS_CLI_TEMPORARY_FOLDER_H_

#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "absl/status/statusor.h"

namespace trivet::cli {

class TemporaryFolder {
 public:
  // In the system's folder for such things, readable by this user alone.
  static absl::StatusOr<TemporaryFolder> Create();

  TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TemporaryFolder& operator=(TemporaryFolder&& other) noexcept {
    std::swap(path_, other.path_);
    return *this;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }

 private:
  explicit TemporaryFolder(std::string path) : path_(std::move(path)) {}

  std::string path_;
};

}  // namespace trivet::cli

#endif  // TRIVET_BINDINGS_CLI_TEMPORARY_FOLDER_H_
