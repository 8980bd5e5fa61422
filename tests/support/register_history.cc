#include "tests/support/register_history.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/check.h"

namespace trivet::testing {
namespace {

using Kind = RegisterOp::Kind;

constexpr std::array<const char*, 9> kKindNames = {"Set",          "SetIfAbsent", "SetIfPresent",
                                                   "SetIfVersion", "Remove",      "Read",
                                                   "Look",         "Drop",        "DropTagged"};

// The state after the operation gave its answer in `state`; none if it could not have.
std::optional<RegisterState> Apply(const RegisterOp& op, RegisterState state, RegisterRules rules) {
  // An answer that says that there is nothing.
  const bool finds_none = [&op] {
    switch (op.kind) {
      case Kind::kSetIfAbsent:
        return op.applied;
      case Kind::kSetIfPresent:
        return !op.applied;
      case Kind::kSetIfVersion:
        return !op.applied && op.version == 0;
      case Kind::kRemove:
      case Kind::kRead:
      case Kind::kLook:
        return op.value == 0;
      default:
        return false;
    }
  }();
  const bool is_there = state.value != 0;
  if (finds_none && is_there) {
    if (op.kind == Kind::kLook && rules.look_may_miss) return state;
    const bool may_expire = rules.may_expire && RegisterOp::IsMortal(state.value);
    if (!rules.may_lose && !may_expire) return std::nullopt;
    state.value = state.version = 0;
  }
  const auto set = [&]() -> std::optional<RegisterState> {
    if (op.version <= state.newest_version) return std::nullopt;
    return RegisterState{op.argument, op.version, op.version};
  };
  switch (op.kind) {
    case Kind::kSet:
      return op.applied ? set() : std::nullopt;
    case Kind::kSetIfAbsent:
      if (op.applied) return set();
      return is_there && op.version == state.version ? std::optional(state) : std::nullopt;
    case Kind::kSetIfPresent:
      if (op.applied) return is_there ? set() : std::nullopt;
      return op.version == 0 ? std::optional(state) : std::nullopt;
    case Kind::kSetIfVersion:
      if (op.applied) return is_there && state.version == op.if_version ? set() : std::nullopt;
      if (op.version == 0) return state;
      return is_there && state.version == op.version && op.version != op.if_version
                 ? std::optional(state)
                 : std::nullopt;
    case Kind::kRead:
    case Kind::kLook:
    case Kind::kRemove:
      if (op.value == 0) return state;
      if (!is_there || (op.value != RegisterOp::kSomeValue && op.value != state.value) ||
          (op.version != 0 && op.version != state.version)) {
        return std::nullopt;
      }
      if (op.kind == Kind::kRemove) state.value = state.version = 0;
      return state;
    case Kind::kDropTagged:
      if (state.value % RegisterOp::kTags != op.argument) return state;
      [[fallthrough]];
    case Kind::kDrop:
      state.value = state.version = 0;
      return state;
  }
  return std::nullopt;
}

class Search {
 public:
  Search(std::vector<RegisterOp> ops, RegisterRules rules) : ops_(std::move(ops)), rules_(rules) {}

  // Whether the operations that are not in `done` can follow.
  bool Continue(uint64_t done, const RegisterState& state) {
    uint64_t first_end = std::numeric_limits<uint64_t>::max();
    for (size_t i = 0; i < ops_.size(); ++i) {
      if ((done >> i & 1) == 0) first_end = std::min(first_end, ops_[i].end);
    }
    if (first_end == std::numeric_limits<uint64_t>::max()) return true;  // all are done
    const DeadEnd here{done, state.value, state.newest_version};
    if (dead_ends_.contains(here)) return false;
    for (size_t i = 0; i < ops_.size(); ++i) {
      // What began after another one returned comes after that one.
      if ((done >> i & 1) != 0 || ops_[i].begin > first_end) continue;
      const std::optional<RegisterState> next = Apply(ops_[i], state, rules_);
      if (next.has_value() && Continue(done | uint64_t{1} << i, *next)) return true;
    }
    dead_ends_.insert(here);
    return false;
  }

 private:
  using DeadEnd = std::array<uint64_t, 3>;

  const std::vector<RegisterOp> ops_;
  const RegisterRules rules_;
  std::set<DeadEnd> dead_ends_;
};

}  // namespace

bool IsLinearizable(std::vector<RegisterOp> ops, const RegisterState& initial,
                    RegisterRules rules) {
  TRIVET_CHECK(ops.size() <= 64, "too many operations for one search");
  // Mostly the order in which they returned is right: then the search goes straight through.
  std::sort(ops.begin(), ops.end(),
            [](const RegisterOp& a, const RegisterOp& b) { return a.end < b.end; });
  return Search(std::move(ops), rules).Continue(0, initial);
}

std::string ToString(const std::vector<RegisterOp>& ops) {
  std::string text;
  for (const RegisterOp& op : ops) {
    absl::StrAppend(&text, "  ", op.begin, "..", op.end, " ",
                    kKindNames[static_cast<size_t>(op.kind)], " argument ", op.argument,
                    " if_version ", op.if_version, " -> applied ", op.applied, " value ", op.value,
                    " version ", op.version, "\n");
  }
  return text;
}

}  // namespace trivet::testing
