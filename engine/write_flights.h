// The write flights of a batch.
#ifndef TRIVET_ENGINE_WRITE_FLIGHTS_H_
#define TRIVET_ENGINE_WRITE_FLIGHTS_H_

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "engine/memory_tier.h"
#include "engine/memory_writes.h"
#include "engine/store_access.h"

namespace trivet::engine {

// The open write flights of several keys. Opened in one order everywhere, so that two batches never
// wait for each other. A flight that nobody finished is abandoned.
class WriteFlights {
 public:
  explicit WriteFlights(MemoryTier& memory) : memory_(memory) {}
  WriteFlights(const WriteFlights&) = delete;
  WriteFlights& operator=(const WriteFlights&) = delete;
  ~WriteFlights() {
    for (const auto& flight : flights_) AbandonWrite(memory_, *flight);
  }

  absl::Status Open(std::vector<KeyRef> keys, absl::Duration deadline) {
    const auto order = [](const KeyRef& a, const KeyRef& b) {
      return a.hash != b.hash ? a.hash < b.hash : a.key < b.key;
    };
    std::sort(keys.begin(), keys.end(), order);
    for (size_t i = 0; i < keys.size(); ++i) {
      if (i > 0 && keys[i].key == keys[i - 1].key) continue;
      auto flight = StartWrite(memory_, keys[i], deadline);
      if (!flight.ok()) return flight.status();
      flights_.push_back(*std::move(flight));
    }
    return absl::OkStatus();
  }

  // Finishes each flight with `finish(flight)`.
  template <typename Finish>
  void FinishEach(const Finish& finish) {
    while (!flights_.empty()) {
      const std::shared_ptr<WriteFlight> flight = std::move(flights_.back());
      flights_.pop_back();
      finish(*flight);
    }
  }

  // The store answered with an error: memory stays as it is, unless the store may have changed.
  void Fail(const absl::Status& error) {
    if (!MayHaveCommitted(error)) return;
    FinishEach([this](WriteFlight& flight) {
      FinishWriteWithNothing(memory_, flight, RemovalCause::kInvalidated);
    });
  }

 private:
  MemoryTier& memory_;
  std::vector<std::shared_ptr<WriteFlight>> flights_;
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_WRITE_FLIGHTS_H_
