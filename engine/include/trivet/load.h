// The loader's side of Namespace::GetOrLoad.
#ifndef TRIVET_LOAD_H_
#define TRIVET_LOAD_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace trivet {

// Handed to a loader while it runs: what it wants to say about the value besides its bytes. All of
// it replaces the defaults of the namespace for this value.
//
// Thread-safety: belongs to the thread that runs the loader, and only until the loader returns.
class Load {
 public:
  Load(std::string_view namespace_name, std::string_view key)
      : namespace_name_(namespace_name), key_(key) {}
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  std::string_view namespace_name() const { return namespace_name_; }
  std::string_view key() const { return key_; }

  // Labels the value. A tag may be declared at any time before the loader returns, also when it is
  // known only from the loaded value: an invalidation of the tag that happened since this load
  // began is honoured all the same.
  void AddTag(std::string_view tag) { tags_.emplace_back(tag); }

  // The value lives this long. Checked like SetOptions::ttl; a bad one makes the load fail.
  void SetTtl(absl::Duration ttl) { ttl_ = ttl; }

  // The value goes to those who wait for it, and is not kept.
  void DoNotCache() { do_not_cache_ = true; }

  const std::vector<std::string>& tags() const { return tags_; }
  std::optional<absl::Duration> ttl() const { return ttl_; }
  bool do_not_cache() const { return do_not_cache_; }

 private:
  std::string_view namespace_name_;
  std::string_view key_;
  std::vector<std::string> tags_;
  std::optional<absl::Duration> ttl_;
  bool do_not_cache_ = false;
};

// What a loader returns: bytes, nothing (the truth has no such key; a miss, which is not kept), or
// an error (given to all who wait, and not kept). A lambda that returns std::string,
// std::optional<std::string> or absl::StatusOr<std::string> converts.
using Loaded = absl::StatusOr<std::optional<std::string>>;

// A loader that runs on the calling thread, during the call. An exception it throws is caught and
// becomes an InternalError without the text of the exception.
using Loader = absl::FunctionRef<Loaded(Load&)>;

}  // namespace trivet

#endif  // TRIVET_LOAD_H_
