#include "store/database_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "store/sqlite_status.h"

namespace trivet::store {
namespace {

constexpr off_t kHeaderBytes = 100;

}  // namespace

std::string FileName(const std::string& path) { return path.front() == '/' ? path : "./" + path; }

absl::Status CheckFileExists(const std::string& path) {
  struct stat about {};
  if (stat(path.c_str(), &about) != 0) return FileError(errno, "open the database", path);
  if (S_ISDIR(about.st_mode)) return FileError(EISDIR, "open the database", path);
  if (about.st_size > 0 && about.st_size < kHeaderBytes) {
    return absl::DataLossError("\"" + path + "\" is too short for a database");
  }
  return absl::OkStatus();
}

absl::Status CheckFolderForReaders(const std::string& path) {
  std::string folder = std::filesystem::path(path).parent_path().string();
  if (access(folder.c_str(), W_OK) == 0 || access((path + "-shm").c_str(), F_OK) == 0) {
    return absl::OkStatus();
  }
  return FileError(errno == ENOENT ? EACCES : errno,
                   "create the memory that readers share, a file beside the database,", path);
}

absl::Status CreateFileIfMissing(const std::string& path) {
  // Not open(): closing a file takes away every lock this process has on it, and another thread may
  // have opened the new file and locked it by then.
  if (mknod(path.c_str(), S_IFREG | S_IRUSR | S_IWUSR, 0) == 0) return absl::OkStatus();
  if (errno == EEXIST) return CheckFileExists(path);
  return FileError(errno, "create the database", path);
}

}  // namespace trivet::store
