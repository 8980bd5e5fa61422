#include "store/queries.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>

#include "store/schema.h"
#include "tests/store/raw_database.h"

namespace trivet::store {
namespace {

TEST(QueriesTest, NoneButTheCountWalksThroughATable) {
  testing::RawDatabase database(":memory:");
  for (const char* step : SchemaSteps()) database.Run(step);
  for (size_t i = 0; i < kSqlCount; ++i) {
    const Sql sql = static_cast<Sql>(i);
    const std::string text = TextOf(sql).text;
    if (sql == Sql::kCountRows || text.find("trivet_") == std::string::npos) continue;
    if (sql == Sql::kMarkAllCleared || sql == Sql::kForgetNamespaces) continue;  // all names
    if (sql == Sql::kNamespaces) continue;                                       // the same
    if (sql == Sql::kNextCleared || sql == Sql::kReadChanges) continue;          // LIMIT
    const std::string plan = database.Ask("EXPLAIN QUERY PLAN " + text);
    EXPECT_EQ(plan.find("SCAN"), std::string::npos) << text << "\n" << plan;
    EXPECT_EQ(plan.find("TEMP B-TREE"), std::string::npos) << text << "\n" << plan;
  }
}

TEST(QueriesTest, SweepFindsExpiredRowsByTheirIndex) {
  testing::RawDatabase database(":memory:");
  for (const char* step : SchemaSteps()) database.Run(step);
  const std::string plan =
      database.Ask(std::string("EXPLAIN QUERY PLAN ") + TextOf(Sql::kExpiredRows).text);
  EXPECT_NE(plan.find("trivet_rows_expiry"), std::string::npos) << plan;
}

}  // namespace
}  // namespace trivet::store
