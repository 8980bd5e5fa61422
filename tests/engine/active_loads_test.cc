#include "engine/active_loads.h"

#include <gtest/gtest.h>

#include <thread>

#include "engine/namespace_state.h"

namespace trivet::engine {
namespace {

class ActiveLoadTest : public ::testing::Test {
 protected:
  NamespaceState users_{0, "users", {}};
  NamespaceState orders_{1, "orders", {}};
};

TEST_F(ActiveLoadTest, LastsAsLongAsItsScope) {
  EXPECT_FALSE(ActiveLoad::Contains(&users_, "k"));
  {
    const ActiveLoad load(&users_, "k");
    EXPECT_TRUE(ActiveLoad::Contains(&users_, "k"));
  }
  EXPECT_FALSE(ActiveLoad::Contains(&users_, "k"));
}

TEST_F(ActiveLoadTest, IsOfOneKeyInOneNamespace) {
  const ActiveLoad load(&users_, "k");
  EXPECT_FALSE(ActiveLoad::Contains(&users_, "other"));
  EXPECT_FALSE(ActiveLoad::Contains(&orders_, "k"));
}

TEST_F(ActiveLoadTest, InnerLoadsDoNotHideOuterOnes) {
  const ActiveLoad outer(&users_, "outer");
  {
    const ActiveLoad inner(&orders_, "inner");
    EXPECT_TRUE(ActiveLoad::Contains(&users_, "outer"));
    EXPECT_TRUE(ActiveLoad::Contains(&orders_, "inner"));
  }
  EXPECT_TRUE(ActiveLoad::Contains(&users_, "outer"));
  EXPECT_FALSE(ActiveLoad::Contains(&orders_, "inner"));
}

TEST_F(ActiveLoadTest, BelongsToItsThread) {
  const ActiveLoad load(&users_, "k");
  std::thread([this] { EXPECT_FALSE(ActiveLoad::Contains(&users_, "k")); }).join();
}

}  // namespace
}  // namespace trivet::engine
