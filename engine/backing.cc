#include "trivet/backing.h"

namespace trivet {
namespace {

absl::Status NoFences() { return absl::UnimplementedError("the store knows no fences"); }

}  // namespace

absl::StatusOr<std::vector<StoreWritten>> Backing::WriteFenced(const WriteFence&, std::string_view,
                                                               std::span<const StoreWrite>,
                                                               uint64_t) {
  return NoFences();
}

absl::StatusOr<std::vector<std::optional<StoredValue>>> Backing::DeleteFenced(
    const WriteFence&, std::string_view, std::span<const std::string_view>, uint64_t) {
  return NoFences();
}

}  // namespace trivet
