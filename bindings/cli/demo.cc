#include "bindings/cli/demo.h"

#include <algorithm>
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

absl::StatusOr<DemoLoadFigures> Measure(DemoTarget& target, DemoData& data,
                                        const DemoOptions& options, const std::string& label,
                                        Console& console) {
  ProgressBar bar(console, label);
  return RunLoad(target, data,
                 {.duration = options.seconds, .readers = options.readers, .seed = options.seed},
                 [&bar](double done) { bar.Show(done); });
}

absl::Status Fill(Backing& store, DemoData& data, Console& console) {
  ProgressBar bar(console, "filling the database");
  return FillStore(store, data, [&bar](double done) { bar.Show(done); });
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
  if (absl::Status status = Fill(**store, data, console); !status.ok()) return status;
  figures.fill_time = absl::Now() - start;

  StoreTarget alone(store->get());
  absl::StatusOr<DemoLoadFigures> measured =
      Measure(alone, data, options, "reading from SQLite alone", console);
  if (!measured.ok()) return measured.status();
  figures.store = *std::move(measured);

  CacheTarget cached(store->get(), (*cache)->In(kDemoNamespace));
  measured = Measure(cached, data, options, "reading through trivet", console);
  if (!measured.ok()) return measured.status();
  figures.cache = *std::move(measured);
  figures.stats = (*cache)->stats();
  return figures;
}

}  // namespace trivet::cli
