// Addresses first, memory later.
#ifndef TRIVET_ENGINE_ADDRESS_RANGE_H_
#define TRIVET_ENGINE_ADDRESS_RANGE_H_

#include <cstddef>

namespace trivet::engine {

// A range of addresses that gets memory at its front, as much as is asked for: an array in it grows
// without ever moving, so that readers need no lock. Reserving costs no memory, and does not count
// against overcommit limits; memory comes zeroed, page by page, when it is first touched.
//
// Not thread-safe, but what is committed may be used by any thread.
class AddressRange {
 public:
  static constexpr size_t kHugePageBytes = 2 << 20;

  // Reserves at least `bytes`. Where a limit on addresses (ulimit -v) forbids that, half of it, and
  // so on; aborts when not even a page is left.
  explicit AddressRange(size_t bytes);
  AddressRange(const AddressRange&) = delete;
  AddressRange& operator=(const AddressRange&) = delete;
  ~AddressRange();

  char* data() const { return data_; }
  size_t size() const { return size_; }
  size_t committed() const { return committed_; }

  // Makes the first `bytes` usable. False: beyond the range, or the system has no memory.
  [[nodiscard]] bool Commit(size_t bytes);

  // Asks for huge pages (transparent ones, 2 MiB) from here on: fewer misses of the TLB, but memory
  // comes and goes in larger pieces.
  void PreferHugePages();
  // Asks for none from here on, and gives the memory from `bytes` on back: of a range that is small
  // again the system would fill huge pages up.
  void AvoidHugePages(size_t bytes);
  bool prefers_huge_pages() const { return step_ == kHugePageBytes; }

  // Gives the memory of the whole pages in [offset, offset + bytes) back. It stays usable, and is
  // zero when it is touched again.
  void Discard(size_t offset, size_t bytes);

 private:
  char* data_ = nullptr;
  size_t size_ = 0;
  size_t committed_ = 0;
  size_t step_;  // committed at a time
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_ADDRESS_RANGE_H_
