// What trivet/typed.h does for all types alike. Programs use Typed.
#ifndef TRIVET_TYPED_VIEW_H_
#define TRIVET_TYPED_VIEW_H_

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "trivet/live_object.h"
#include "trivet/load.h"
#include "trivet/namespace.h"
#include "trivet/options.h"
#include "trivet/result.h"
#include "trivet/value.h"

namespace trivet::engine {

using ObjectLoader = absl::FunctionRef<absl::StatusOr<std::optional<LiveObject>>(Load&)>;

// A view of a namespace that holds objects of one type. The Values it answers pin objects.
class TypedView {
 public:
  // FailedPrecondition in status() if the namespace holds bytes, or objects of another type.
  TypedView(Namespace view, const TypeOps* type);

  const absl::Status& status() const { return view_.status(); }
  Namespace& view() { return view_; }

  bool Visit(std::string_view key, absl::FunctionRef<void(const void*)> visit) const;
  Value Find(std::string_view key) const;
  absl::StatusOr<Result> Get(std::string_view key);
  absl::StatusOr<Result> GetOrLoad(std::string_view key, ObjectLoader loader);
  std::vector<absl::StatusOr<Result>> MGet(std::span<const std::string_view> keys);
  absl::StatusOr<SetResult> Set(std::string_view key, LiveObject object, const SetOptions& options);
  // Takes those objects over that get into memory. REQUIRES: as many keys as objects.
  absl::StatusOr<std::vector<SetResult>> MSet(std::span<const std::string_view> keys,
                                              std::span<LiveObject> objects,
                                              const SetOptions& options);
  absl::StatusOr<Value> Take(std::string_view key, Coherence* told);

  // The object that the value pins; null if it pins bytes, an object of another type, or nothing.
  static const void* ObjectOf(const Value& value, const TypeOps* type);

  // Runs a codec: nothing it throws gets past here.
  static absl::Status RunCodec(absl::FunctionRef<absl::Status()> run);
  // What a codec may tell of an object: InvalidArgument beyond kValueBytesCeiling.
  static absl::Status CheckBytes(size_t bytes);

 private:
  absl::Status CheckSet(std::span<const Namespace::Item> items, std::span<const LiveObject> objects,
                        const SetOptions& options) const;
  // Encodes, then as Namespace::SetThrough.
  absl::StatusOr<std::vector<SetResult>> SetInStore(std::span<const Namespace::Item> items,
                                                    std::span<LiveObject> objects,
                                                    const SetOptions& options);

  Namespace view_;
};

}  // namespace trivet::engine

#endif  // TRIVET_TYPED_VIEW_H_
