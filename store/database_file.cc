#include "store/database_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "store/sqlite_status.h"

namespace trivet::store {

std::string FileName(const std::string& path) { return path.front() == '/' ? path : "./" + path; }

absl::Status CheckFileExists(const std::string& path) {
  struct stat about {};
  if (stat(path.c_str(), &about) != 0) return FileError(errno, "open the database", path);
  if (S_ISDIR(about.st_mode)) return FileError(EISDIR, "open the database", path);
  return absl::OkStatus();
}

absl::Status CreateFileIfMissing(const std::string& path) {
  const int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  int file = -1;
  do {
    file = open(path.c_str(), flags, S_IRUSR | S_IWUSR);
  } while (file < 0 && errno == EINTR);
  if (file >= 0) {
    close(file);
    return absl::OkStatus();
  }
  if (errno == EEXIST) return CheckFileExists(path);
  return FileError(errno, "create the database", path);
}

}  // namespace trivet::store
