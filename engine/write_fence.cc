#include "trivet/write_fence.h"

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "engine/strings.h"

namespace trivet {
namespace {

constexpr char kPayloadName[] = "trivet.fenced_out";

}  // namespace

absl::Status Validate(const WriteFence& fence, std::string_view of) {
  if (fence.lock.empty() || fence.lock.size() > kFenceNameBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat(engine::ToAbsl(of), ".lock: must be 1 to ",
                                                   kFenceNameBytesMax, " bytes, got ",
                                                   fence.lock.size()));
  }
  if (fence.token == 0 || fence.token > kFenceTokenMax) {
    return absl::InvalidArgumentError(
        absl::StrCat(engine::ToAbsl(of), ".token: must be 1 to 2^62, got ", fence.token,
                     fence.token == 0 ? "; a lock of this process alone has none" : ""));
  }
  return absl::OkStatus();
}

absl::Status FencedOutError() {
  absl::Status status =
      absl::FailedPreconditionError("fenced out: a later holder of the lock has written");
  status.SetPayload(kPayloadName, absl::Cord());
  return status;
}

bool IsFencedOut(const absl::Status& status) { return status.GetPayload(kPayloadName).has_value(); }

}  // namespace trivet
