// Namespaces of users, and a codec that fails where a test wants it to.
#ifndef TRIVET_TESTS_ENGINE_TYPED_FIXTURE_H_
#define TRIVET_TESTS_ENGINE_TYPED_FIXTURE_H_

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/engine/cache_fixture.h"
#include "trivet/cache.h"
#include "trivet/typed.h"

namespace trivet::testing {

// A name, what it is said to take, and what happens when the object ends.
struct User {
  std::string name;
  size_t bytes = 100;
  std::shared_ptr<void> end = nullptr;
};

inline std::shared_ptr<void> AtEnd(std::function<void()> run) {
  return {nullptr, [run = std::move(run)](void*) { run(); }};
}

// The name; names that begin with '!' do not come back, those with '?' do not go, '*' throws.
struct UserCodec {
  static inline std::atomic<int> decoded{0};  // so often Decode was called

  static size_t Bytes(const User& user) {
    if (user.name == "*bytes") throw std::runtime_error(user.name);
    return user.bytes;
  }
  static absl::StatusOr<std::string> Encode(const User& user) {
    if (user.name == "*encode") throw std::runtime_error(user.name);
    if (user.name.starts_with('?')) return absl::UnimplementedError("no such user");
    return user.name;
  }
  static absl::StatusOr<User> Decode(std::string_view bytes) {
    ++decoded;
    if (bytes == "*decode") throw std::runtime_error("decode");
    if (bytes.starts_with('!')) return absl::DataLossError("not a user");
    return User{.name = std::string(bytes)};
  }
};

using Users = Typed<User, UserCodec>;

inline std::string NameOf(const TypedValue<User>& user) { return user ? user->name : "-"; }
inline std::string NameOf(const absl::StatusOr<TypedResult<User>>& user) {
  return user.ok() ? NameOf(user->value) : user.status().ToString();
}

class TypedTest : public StoreFixture {
 protected:
  // Memory alone.
  Users OpenUsers(CacheOptions options = {}) {
    CacheFixture::Open(std::move(options));
    return Users(cache_->In("users"));
  }
  // In front of the store.
  Users OpenStoredUsers() {
    Open();
    return Users(cache_->In("users"));
  }

  User Counted(std::string name, size_t bytes = 100) {
    return {.name = std::move(name), .bytes = bytes, .end = AtEnd([this] { ++ended_; })};
  }

  // Maintenance frees what has left before it began.
  int Ended() {
    MaintainAll();
    cache_->Maintain(1);
    return ended_;
  }

  std::atomic<int> ended_{0};
};

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_ENGINE_TYPED_FIXTURE_H_
