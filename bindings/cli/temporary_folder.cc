#include "bindings/cli/temporary_folder.h"

#include <stdlib.h>

#include <cerrno>

#include "absl/status/status.h"

namespace trivet::cli {

absl::StatusOr<TemporaryFolder> TemporaryFolder::Create() {
  std::error_code error;
  const std::filesystem::path parent = std::filesystem::temp_directory_path(error);
  if (error) return absl::ErrnoToStatus(error.value(), "no folder for temporary files");
  std::string path = parent / "trivet-XXXXXX";
  if (mkdtemp(path.data()) == nullptr) return absl::ErrnoToStatus(errno, path);
  return TemporaryFolder(std::move(path));
}

}  // namespace trivet::cli
