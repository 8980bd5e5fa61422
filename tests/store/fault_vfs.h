// A VFS for SQLite that forwards to the usual one, and fails when it is told to.
#ifndef TRIVET_TESTS_STORE_FAULT_VFS_H_
#define TRIVET_TESTS_STORE_FAULT_VFS_H_

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <atomic>

namespace trivet::testing {

// The default VFS of the process while it lives. One at a time; databases that are opened meanwhile
// must be closed before it goes.
class FaultVfs {
 public:
  enum class Fault {
    kError,  // open, read, write, sync, truncate, delete and growing the shared memory can fail
    kFull,   // writing and growing the shared memory can fail, as on a full disk
  };
  enum class Lasting { kOnce, kFromThenOn };

  FaultVfs() : real_(sqlite3_vfs_find(nullptr)) {
    EXPECT_EQ(current_, nullptr) << "one FaultVfs at a time";
    current_ = this;
    vfs_ = *real_;
    vfs_.iVersion = 2;
    vfs_.szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
    vfs_.pNext = nullptr;
    vfs_.zName = "trivet-fault";
    vfs_.xOpen = Open;
    vfs_.xDelete = Delete;
    // The rest of the table belongs to the real VFS and finds it through the pointers it is given.
    vfs_.xAccess = [](sqlite3_vfs*, const char* name, int flags, int* out) {
      return current_->real_->xAccess(current_->real_, name, flags, out);
    };
    vfs_.xFullPathname = [](sqlite3_vfs*, const char* name, int size, char* out) {
      return current_->real_->xFullPathname(current_->real_, name, size, out);
    };
    EXPECT_EQ(sqlite3_vfs_register(&vfs_, /*makeDflt=*/1), SQLITE_OK);
  }
  FaultVfs(const FaultVfs&) = delete;
  FaultVfs& operator=(const FaultVfs&) = delete;
  ~FaultVfs() {
    sqlite3_vfs_register(real_, /*makeDflt=*/1);
    sqlite3_vfs_unregister(&vfs_);
    current_ = nullptr;
  }

  // The nth call from now (1: the next one) that can fail in this way does.
  void Arm(int nth, Fault fault, Lasting lasting) {
    fault_ = fault;
    lasting_ = lasting;
    fired_ = false;
    calls_left_ = nth;
  }

  // Everything works again. True: there was a failure.
  bool Disarm() {
    calls_left_ = 0;
    return fired_;
  }

 private:
  // The file of the real VFS lies behind this one.
  struct File {
    sqlite3_file base;
    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  };
  static sqlite3_file* Real(sqlite3_file* file) { return reinterpret_cast<File*>(file)->real(); }

  // Whether this call is to fail.
  bool Fails(bool can_be_full) {
    if (fault_ == Fault::kFull && !can_be_full) return false;
    if (fired_ && lasting_ == Lasting::kFromThenOn && calls_left_ < 0) return true;
    if (calls_left_ <= 0 || --calls_left_ > 0) return false;
    calls_left_ = -1;
    fired_ = true;
    return true;
  }

  static int Open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
    file->pMethods = nullptr;
    if (current_->Fails(false)) return SQLITE_CANTOPEN;
    const int code = current_->real_->xOpen(current_->real_, name, Real(file), flags, out_flags);
    if (Real(file)->pMethods != nullptr) file->pMethods = &kMethods;
    return code;
  }

  static int Delete(sqlite3_vfs*, const char* name, int sync_folder) {
    if (current_->Fails(false)) return SQLITE_IOERR_DELETE;
    return current_->real_->xDelete(current_->real_, name, sync_folder);
  }

  static int Read(sqlite3_file* file, void* to, int size, sqlite3_int64 at) {
    if (current_->Fails(false)) return SQLITE_IOERR_READ;
    return Real(file)->pMethods->xRead(Real(file), to, size, at);
  }

  // A failing write leaves half of its bytes behind.
  static int Write(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
    if (current_->Fails(true)) {
      Real(file)->pMethods->xWrite(Real(file), from, size / 2, at);
      return current_->fault_ == Fault::kFull ? SQLITE_FULL : SQLITE_IOERR_WRITE;
    }
    return Real(file)->pMethods->xWrite(Real(file), from, size, at);
  }

  static int Truncate(sqlite3_file* file, sqlite3_int64 size) {
    if (current_->Fails(false)) return SQLITE_IOERR_TRUNCATE;
    return Real(file)->pMethods->xTruncate(Real(file), size);
  }

  // No test cuts the power, so that syncing for real would only take time.
  static int Sync(sqlite3_file*, int) {
    return current_->Fails(false) ? SQLITE_IOERR_FSYNC : SQLITE_OK;
  }

  static int ShmMap(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
    if (current_->Fails(true)) return SQLITE_IOERR_SHMSIZE;
    return Real(file)->pMethods->xShmMap(Real(file), page, size, extend, out);
  }

  static constexpr sqlite3_io_methods kMethods = {
      .iVersion = 2,
      .xClose = [](sqlite3_file* file) { return Real(file)->pMethods->xClose(Real(file)); },
      .xRead = Read,
      .xWrite = Write,
      .xTruncate = Truncate,
      .xSync = Sync,
      .xFileSize =
          [](sqlite3_file* file, sqlite3_int64* out) {
            return Real(file)->pMethods->xFileSize(Real(file), out);
          },
      .xLock = [](sqlite3_file* file,
                  int level) { return Real(file)->pMethods->xLock(Real(file), level); },
      .xUnlock = [](sqlite3_file* file,
                    int level) { return Real(file)->pMethods->xUnlock(Real(file), level); },
      .xCheckReservedLock =
          [](sqlite3_file* file, int* out) {
            return Real(file)->pMethods->xCheckReservedLock(Real(file), out);
          },
      .xFileControl =
          [](sqlite3_file* file, int what, void* argument) {
            return Real(file)->pMethods->xFileControl(Real(file), what, argument);
          },
      .xSectorSize =
          [](sqlite3_file* file) { return Real(file)->pMethods->xSectorSize(Real(file)); },
      .xDeviceCharacteristics =
          [](sqlite3_file* file) {
            return Real(file)->pMethods->xDeviceCharacteristics(Real(file));
          },
      .xShmMap = ShmMap,
      .xShmLock =
          [](sqlite3_file* file, int offset, int count, int flags) {
            return Real(file)->pMethods->xShmLock(Real(file), offset, count, flags);
          },
      .xShmBarrier = [](sqlite3_file* file) { Real(file)->pMethods->xShmBarrier(Real(file)); },
      .xShmUnmap = [](sqlite3_file* file,
                      int remove) { return Real(file)->pMethods->xShmUnmap(Real(file), remove); },
      .xFetch = nullptr,
      .xUnfetch = nullptr,
  };

  static inline FaultVfs* current_ = nullptr;

  sqlite3_vfs* const real_;
  sqlite3_vfs vfs_;
  Fault fault_ = Fault::kError;
  Lasting lasting_ = Lasting::kOnce;
  std::atomic<int> calls_left_ = 0;  // 0: nothing is armed; -1: it has failed
  std::atomic<bool> fired_ = false;
};

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_STORE_FAULT_VFS_H_
