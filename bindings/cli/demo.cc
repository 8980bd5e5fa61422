#include "bindings/cli/demo.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "bindings/cli/demo_data.h"
#include "bindings/cli/demo_value.h"
#include "bindings/cli/interrupt.h"
#include "bindings/cli/progress_bar.h"
#include "bindings/cli/temporary_folder.h"
#include "trivet/cache.h"
#include "trivet/options.h"
#include "trivet/sqlite_backing.h"

namespace trivet::cli {
namespace {

constexpr size_t kReaderConnectionsMax = 64;

// Long enough to start threads for, short enough to share the machine's moods.
constexpr absl::Duration kRound = absl::Milliseconds(500);

absl::StatusOr<std::shared_ptr<Backing>> OpenNew(const std::string& file, size_t readers) {
  std::error_code ignored;
  if (std::filesystem::exists(file, ignored)) {
    return absl::AlreadyExistsError(
        absl::StrCat("--db: ", file, " is there already; the demo wants a file of its own"));
  }
  absl::StatusOr<std::unique_ptr<Backing>> store =
      OpenSqlite({.path = file, .readers = std::clamp<size_t>(readers, 1, kReaderConnectionsMax)});
  if (!store.ok()) return store.status();
  return std::shared_ptr<Backing>(*std::move(store));
}

absl::Status Fill(Backing& store, DemoData& data, Console& console) {
  ProgressBar bar(console, "filling the database");
  return FillStore(store, data, [&bar](double done) { bar.Show(done); });
}

// Runs the load on both targets by turns, so that whatever else the machine does hits both alike.
absl::Status Measure(DemoTarget& alone, DemoTarget& cached, DemoData& data,
                     const DemoOptions& options, Console& console, DemoFigures* figures) {
  ProgressBar bar(console, "reading");
  const auto rounds =
      std::max<int64_t>(1, std::llround(absl::FDivDuration(options.seconds, kRound)));
  for (int64_t round = 0; round < 2 * rounds; ++round) {
    const bool cache_turn = round % 2 == 1;
    DemoLoadOptions load;
    load.duration = options.seconds / rounds;
    load.readers = options.readers;
    load.seed = options.seed + static_cast<uint64_t>(round / 2);
    absl::StatusOr<DemoLoadFigures> measured =
        RunLoad(cache_turn ? cached : alone, data, load, [&](double done) {
          bar.Show((static_cast<double>(round) + done) / static_cast<double>(2 * rounds));
        });
    if (!measured.ok()) return measured.status();
    (cache_turn ? figures->cache : figures->store).Add(*measured);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<DemoFigures> RunDemo(const DemoOptions& options, Console& console) {
  CacheOptions cache_options;
  cache_options.memory_bytes = options.memory_bytes;
  // Before a file is created for nothing.
  if (absl::Status status = Validate(cache_options); !status.ok()) return status;

  const InterruptGuard guard;
  std::optional<TemporaryFolder> folder;
  std::string file = options.db;
  if (file.empty()) {
    absl::StatusOr<TemporaryFolder> created = TemporaryFolder::Create();
    if (!created.ok()) return created.status();
    folder.emplace(*std::move(created));
    file = absl::StrCat(folder->path(), "/demo.db");
  }
  absl::StatusOr<std::shared_ptr<Backing>> store = OpenNew(file, options.readers);
  if (!store.ok()) return store.status();
  cache_options.backing = *store;
  absl::StatusOr<std::unique_ptr<Cache>> cache = Cache::Open(std::move(cache_options));
  if (!cache.ok()) return cache.status();

  DemoData data(options.rows, options.seed);
  DemoFigures figures;
  for (size_t row = 0; row < data.rows(); ++row) figures.value_bytes += DemoValueBytes(row);
  const absl::Time start = absl::Now();
  absl::Status status = Fill(**store, data, console);
  if (!status.ok()) return status;
  figures.fill_time = absl::Now() - start;

  const Namespace view = (*cache)->In(kDemoNamespace);
  StoreTarget alone(store->get(), view);
  CacheTarget cached(store->get(), view);
  status = Measure(alone, cached, data, options, console, &figures);
  if (!status.ok()) return status;
  figures.stats = (*cache)->stats();
  return figures;
}

}  // namespace trivet::cli
