#include "store/row_time.h"

namespace trivet::store {

std::optional<int64_t> ToRowTime(absl::Time expires_at) {
  if (expires_at == absl::InfiniteFuture()) return std::nullopt;
  const absl::Duration since_1970 = expires_at - absl::UnixEpoch();
  return absl::ToInt64Milliseconds(absl::Ceil(since_1970, absl::Milliseconds(1)));
}

absl::Time FromRowTime(std::optional<int64_t> expires_at) {
  return expires_at.has_value() ? absl::FromUnixMillis(*expires_at) : absl::InfiniteFuture();
}

int64_t ToRowNow(absl::Time now) { return absl::ToUnixMillis(now); }

}  // namespace trivet::store
