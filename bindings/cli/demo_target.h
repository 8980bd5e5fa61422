// What the demo measures: the store alone, or the cache in front of it.
#ifndef TRIVET_BINDINGS_CLI_DEMO_TARGET_H_
#define TRIVET_BINDINGS_CLI_DEMO_TARGET_H_

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "trivet/backing.h"
#include "trivet/namespace.h"

namespace trivet::cli {

inline constexpr std::string_view kDemoNamespace = "demo";

// Thread-safety: all methods may be called from any thread at any time.
class DemoTarget {
 public:
  virtual ~DemoTarget() = default;

  // False: there is no such row.
  virtual absl::StatusOr<bool> Read(const std::string& key, std::string* value) = 0;
  // A change through the target.
  virtual absl::Status Write(const std::string& key, const std::string& value) = 0;
  // A change of the store that the target is told of afterwards.
  virtual absl::Status WriteBehind(const std::string& key, const std::string& value) = 0;
};

// Reads from the store. Whatever it writes, it also tells a cache that others read through.
class StoreTarget final : public DemoTarget {
 public:
  StoreTarget(Backing* store, Namespace view) : store_(store), view_(std::move(view)) {}
  absl::StatusOr<bool> Read(const std::string& key, std::string* value) override;
  absl::Status Write(const std::string& key, const std::string& value) override;
  absl::Status WriteBehind(const std::string& key, const std::string& value) override;

 private:
  Backing* const store_;
  Namespace view_;
};

// Reads and writes through the cache.
class CacheTarget final : public DemoTarget {
 public:
  CacheTarget(Backing* store, Namespace view) : store_(store, view), view_(std::move(view)) {}
  absl::StatusOr<bool> Read(const std::string& key, std::string* value) override;
  absl::Status Write(const std::string& key, const std::string& value) override;
  absl::Status WriteBehind(const std::string& key, const std::string& value) override;

 private:
  StoreTarget store_;
  Namespace view_;
};

}  // namespace trivet::cli

#endif  // TRIVET_BINDINGS_CLI_DEMO_TARGET_H_
