#include "engine/address_range.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>

#include "engine/check.h"

namespace trivet::engine {
namespace {

constexpr size_t kPageBytes = 4096;
// One change of protection for so much, at least: it is a system call.
constexpr size_t kCommitBytes = 64 << 10;

size_t RoundUp(size_t size, size_t unit) { return (size + unit - 1) / unit * unit; }

}  // namespace

AddressRange::AddressRange(size_t bytes) : size_(RoundUp(bytes, kPageBytes)), step_(kCommitBytes) {
  while (true) {
    // One huge page more, to begin where one can lie.
    const size_t mapped = size_ + kHugePageBytes;
    void* const range =
        mmap(nullptr, mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (range != MAP_FAILED) {
      char* const begin = static_cast<char*>(range);
      const size_t skip = RoundUp(reinterpret_cast<uintptr_t>(begin), kHugePageBytes) -
                          reinterpret_cast<uintptr_t>(begin);
      data_ = begin + skip;
      if (skip > 0) munmap(begin, skip);
      munmap(data_ + size_, kHugePageBytes - skip);
      return;
    }
    TRIVET_CHECK(size_ > kPageBytes, "the system has no addresses left");
    size_ = RoundUp(size_ / 2, kPageBytes);
  }
}

AddressRange::~AddressRange() { munmap(data_, size_); }

bool AddressRange::Commit(size_t bytes) {
  if (bytes <= committed_) return true;
  if (bytes > size_) return false;
  const size_t end = std::min(RoundUp(bytes, step_), size_);
  if (mprotect(data_ + committed_, end - committed_, PROT_READ | PROT_WRITE) != 0) return false;
  committed_ = end;
  return true;
}

void AddressRange::PreferHugePages() {
  madvise(data_, size_, MADV_HUGEPAGE);
  // The kernel takes a huge page only where all of it may be used when it is first touched.
  step_ = kHugePageBytes;
}

void AddressRange::AvoidHugePages(size_t bytes) {
  madvise(data_, size_, MADV_NOHUGEPAGE);
  step_ = kCommitBytes;
  Discard(bytes, committed_ - std::min(bytes, committed_));
}

void AddressRange::Discard(size_t offset, size_t bytes) {
  const size_t begin = RoundUp(offset, kPageBytes);
  const size_t end = std::min((offset + bytes) / kPageBytes * kPageBytes, committed_);
  if (begin < end) madvise(data_ + begin, end - begin, MADV_DONTNEED);
}

}  // namespace trivet::engine
