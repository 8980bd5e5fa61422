#include "bindings/cli/demo_target.h"

#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace trivet::cli {

absl::StatusOr<bool> StoreTarget::Read(const std::string& key, std::string* value) {
  absl::StatusOr<std::optional<StoredValue>> row = store_->Read(kDemoNamespace, key);
  if (!row.ok()) return row.status();
  if (!row->has_value()) return false;
  *value = std::move((*row)->value);
  return true;
}

absl::Status StoreTarget::Write(const std::string& key, const std::string& value) {
  const StoreWrite write = {.key = key, .value = value};
  absl::StatusOr<std::vector<StoreWritten>> written =
      store_->Write(kDemoNamespace, std::span(&write, 1));
  return written.ok() ? view_.Invalidate(key) : written.status();
}

absl::Status StoreTarget::WriteBehind(const std::string& key, const std::string& value) {
  return Write(key, value);
}

absl::StatusOr<bool> CacheTarget::Read(const std::string& key, std::string* value) {
  absl::StatusOr<Result> result = view_.Get(key);
  if (!result.ok()) return result.status();
  if (!*result) return false;
  value->assign(result->bytes());
  return true;
}

absl::Status CacheTarget::Write(const std::string& key, const std::string& value) {
  return view_.Set(key, value).status();
}

absl::Status CacheTarget::WriteBehind(const std::string& key, const std::string& value) {
  return store_.Write(key, value);
}

}  // namespace trivet::cli
