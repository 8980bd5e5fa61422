#include "bindings/cli/demo_fleet_ledger.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <type_traits>

#include "absl/cleanup/cleanup.h"

namespace trivet::cli {
namespace {

// So many changes of a row are remembered: more than a writer makes within what is promised.
constexpr uint64_t kHistory = 128;

static_assert(std::atomic<uint64_t>::is_always_lock_free, "processes share them");
static_assert(std::is_trivially_copyable_v<FleetCounts>, "lies in shared memory");

// Begins as zeros: sequences start with 1.
struct Slot {
  std::atomic<uint64_t> sequence;
  std::atomic<uint64_t> acknowledged_ns;
  std::atomic<uint64_t> due_ns;
  std::atomic<uint64_t> deferred;
};

}  // namespace

struct FleetLedger::Header {
  uint64_t rows;
  uint64_t processes;
  std::atomic<Phase> phase;
  std::atomic<uint64_t> ready;
};

struct FleetLedger::Row {
  std::atomic<uint64_t> begun;
  std::atomic<uint64_t> acknowledged;
  Slot history[kHistory];
};

void FleetCounts::Add(const FleetCounts& other) {
  for (size_t i = 0; i < kDemoTiers; ++i) {
    read_ns[i].Merge(other.read_ns[i]);
    reads_without_redis[i] += other.reads_without_redis[i];
  }
  changes_applied += other.changes_applied;
  changes_deferred += other.changes_deferred;
  applied_delay_ns.Merge(other.applied_delay_ns);
  deferred_delay_ns.Merge(other.deferred_delay_ns);
  behind += other.behind;
  overdue += other.overdue;
  forgotten += other.forgotten;
  wrong += other.wrong;
  behind_max_ns = std::max(behind_max_ns, other.behind_max_ns);
}

size_t FleetLedger::BytesFor(size_t rows, size_t processes) {
  return sizeof(Header) + processes * sizeof(FleetCounts) + rows * sizeof(Row);
}

absl::StatusOr<FleetLedger> FleetLedger::Map(const std::string& file, int flags, size_t bytes) {
  const int fd = open(file.c_str(), flags | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) return absl::ErrnoToStatus(errno, file);
  const absl::Cleanup close_it = [fd] { close(fd); };
  struct stat found = {};
  if (bytes == 0 && fstat(fd, &found) == 0) bytes = static_cast<size_t>(found.st_size);
  // Pages that nobody touches take no room.
  if ((flags & O_CREAT) != 0 && ftruncate(fd, static_cast<off_t>(bytes)) != 0) {
    return absl::ErrnoToStatus(errno, file);
  }
  void* const memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) return absl::ErrnoToStatus(errno, file);
  return FleetLedger(memory, bytes);
}

absl::StatusOr<FleetLedger> FleetLedger::Create(const std::string& file, size_t rows,
                                                size_t processes) {
  absl::StatusOr<FleetLedger> ledger = Map(file, O_CREAT | O_EXCL, BytesFor(rows, processes));
  if (!ledger.ok()) return ledger.status();
  ledger->header().rows = rows;
  ledger->header().processes = processes;
  return ledger;
}

absl::StatusOr<FleetLedger> FleetLedger::Open(const std::string& file) {
  absl::StatusOr<FleetLedger> ledger = Map(file, 0, 0);
  if (!ledger.ok()) return ledger.status();
  if (ledger->bytes_ < sizeof(Header) ||
      ledger->bytes_ != BytesFor(ledger->rows(), ledger->processes())) {
    return absl::InvalidArgumentError(file + ": is no ledger of the demo");
  }
  return ledger;
}

FleetLedger::~FleetLedger() {
  if (memory_ != nullptr) munmap(memory_, bytes_);
}

FleetLedger::Header& FleetLedger::header() const { return *static_cast<Header*>(memory_); }

FleetCounts& FleetLedger::counts(size_t process) {
  return reinterpret_cast<FleetCounts*>(&header() + 1)[process];
}

FleetLedger::Row& FleetLedger::row(size_t index) const {
  auto* const counts = reinterpret_cast<FleetCounts*>(&header() + 1);
  return reinterpret_cast<Row*>(counts + processes())[index];
}

size_t FleetLedger::rows() const { return header().rows; }
size_t FleetLedger::processes() const { return header().processes; }

size_t FleetLedger::OwnRow(size_t process, size_t near) const {
  const size_t row = near - near % processes() + process;
  return row < rows() ? row : row - processes();
}

FleetLedger::Phase FleetLedger::phase() const { return header().phase; }
void FleetLedger::Enter(Phase phase) { header().phase = phase; }
void FleetLedger::ReportReady() { ++header().ready; }
size_t FleetLedger::ready() const { return header().ready; }

uint64_t FleetLedger::Begin(size_t index) { return ++row(index).begun; }

void FleetLedger::Acknowledge(size_t index, uint64_t sequence, const Change& change) {
  Row& of = row(index);
  Slot& slot = of.history[sequence % kHistory];
  slot.sequence = 0;  // while it is half of each
  slot.acknowledged_ns = change.acknowledged_ns;
  slot.due_ns = change.due_ns;
  slot.deferred = change.deferred ? 1 : 0;
  slot.sequence = sequence;
  of.acknowledged = sequence;
}

uint64_t FleetLedger::begun(size_t index) const { return row(index).begun; }
uint64_t FleetLedger::acknowledged(size_t index) const { return row(index).acknowledged; }

std::optional<FleetLedger::Change> FleetLedger::Find(size_t index, uint64_t sequence) const {
  const Slot& slot = row(index).history[sequence % kHistory];
  if (slot.sequence != sequence) return std::nullopt;
  const Change change = {.acknowledged_ns = slot.acknowledged_ns,
                         .due_ns = slot.due_ns,
                         .deferred = slot.deferred != 0};
  if (slot.sequence != sequence) return std::nullopt;
  return change;
}

bool FleetLedger::IsOverdue(size_t index, uint64_t sequence, uint64_t at_ns) const {
  const uint64_t newest = acknowledged(index);
  const uint64_t oldest_known = newest < kHistory ? 1 : newest - kHistory + 1;
  for (uint64_t next = std::max(sequence + 1, oldest_known); next <= newest; ++next) {
    const std::optional<Change> change = Find(index, next);
    if (change.has_value() && change->due_ns < at_ns) return true;
  }
  return false;
}

}  // namespace trivet::cli
