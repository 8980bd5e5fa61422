// SQLite keeps the promises of trivet/backing.h.
#include <cstddef>
#include <memory>

#include "tests/contract/backing_contract.h"
#include "tests/store/temp_folder.h"
#include "trivet/sqlite_backing.h"

namespace trivet::testing {
namespace {

struct DatabaseInFolder {
  TempFolder folder;
  std::unique_ptr<Backing> backing;
};

BackingMaker Sqlite(bool durable, size_t readers) {
  return {[=](Clock* clock) -> std::shared_ptr<Backing> {
    auto database = std::make_shared<DatabaseInFolder>();
    auto opened = OpenSqlite({.path = database->folder.File("test.db"),
                              .durable = durable,
                              .readers = readers,
                              .clock = clock});
    if (!opened.ok()) return nullptr;
    database->backing = *std::move(opened);
    return {database, database->backing.get()};
  }};
}

INSTANTIATE_TEST_SUITE_P(Sqlite, BackingContract, ::testing::Values(Sqlite(false, 4)));
INSTANTIATE_TEST_SUITE_P(DurableSqlite, BackingContract, ::testing::Values(Sqlite(true, 4)));
INSTANTIATE_TEST_SUITE_P(SqliteWithOneReader, BackingContract, ::testing::Values(Sqlite(false, 1)));

}  // namespace
}  // namespace trivet::testing
