#include "engine/active_loads.h"

#include <utility>

namespace trivet::engine {
namespace {

thread_local const ActiveLoad* innermost = nullptr;

}  // namespace

ActiveLoad::ActiveLoad(const NamespaceState* space, std::string_view key)
    : space_(space), key_(key), outer_(innermost) {
  innermost = this;
}

ActiveLoad::~ActiveLoad() { innermost = outer_; }

bool ActiveLoad::Contains(const NamespaceState* space, std::string_view key) {
  for (const ActiveLoad* load = innermost; load != nullptr; load = load->outer_) {
    if (load->space_ == space && load->key_ == key) return true;
  }
  return false;
}

const ActiveLoad* ActiveLoad::Exchange(const ActiveLoad* other) {
  return std::exchange(innermost, other);
}

}  // namespace trivet::engine
