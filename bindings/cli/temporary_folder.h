// A folder that is gone when its user is.
#ifndef TRIVET_BINDINGS_CLI_TEMPORARY_FOLDER_H_
#define TRIVET_BINDINGS_CLI_TEMPORARY_FOLDER_H_

#include <stdlib.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace trivet::cli {

class TemporaryFolder {
 public:
  // In the system's folder for such things, readable by this user alone.
  static absl::StatusOr<TemporaryFolder> Create() {
    std::error_code error;
    const std::filesystem::path parent = std::filesystem::temp_directory_path(error);
    if (error) return absl::ErrnoToStatus(error.value(), "no folder for temporary files");
    std::string path = parent / "trivet-XXXXXX";
    if (mkdtemp(path.data()) == nullptr) return absl::ErrnoToStatus(errno, path);
    return TemporaryFolder(std::move(path));
  }

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
