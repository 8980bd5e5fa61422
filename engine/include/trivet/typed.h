// A namespace whose values are live C++ objects.
#ifndef TRIVET_TYPED_H_
#define TRIVET_TYPED_H_

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "trivet/codec.h"
#include "trivet/live_object.h"
#include "trivet/load.h"
#include "trivet/namespace.h"
#include "trivet/options.h"
#include "trivet/result.h"
#include "trivet/typed_view.h"
#include "trivet/value.h"

namespace trivet {

template <typename T, CodecOf<T> C>
class Typed;

// A handle on one cached object, as Value is on bytes: the object stays, unchanged, while the
// handle lives. Everything that is said of Value holds here, too; a default TypedValue is empty.
template <typename T>
class TypedValue {
 public:
  TypedValue() = default;
  TypedValue(const TypedValue&) = default;
  TypedValue(TypedValue&& other) noexcept
      : value_(std::move(other.value_)), object_(std::exchange(other.object_, nullptr)) {}
  TypedValue& operator=(TypedValue other) noexcept {
    std::swap(value_, other.value_);
    std::swap(object_, other.object_);
    return *this;
  }

  explicit operator bool() const { return object_ != nullptr; }

  // REQUIRES: not empty.
  const T& operator*() const { return *object_; }
  const T* operator->() const { return object_; }

  // Null if empty.
  const T* get() const { return object_; }

  // Gives the pin back now.
  void Reset() { *this = TypedValue(); }

 private:
  template <typename U, CodecOf<U> C>
  friend class Typed;
  TypedValue(Value value, const T* object) : value_(std::move(value)), object_(object) {}

  Value value_;
  const T* object_ = nullptr;
};

// As Result, with an object.
template <typename T>
struct TypedResult {
  TypedValue<T> value = {};
  Tier tier = Tier::kNone;
  uint64_t version = 0;
  absl::Duration age = absl::ZeroDuration();
  absl::Duration remaining_ttl = absl::InfiniteDuration();

  explicit operator bool() const { return static_cast<bool>(value); }
};

// Keeps objects of T in memory as they are: a hit is a `const T&`, and nothing is decoded. `C` (see
// trivet/codec.h) tells what an object takes of the budget, and makes bytes of it for the tiers
// below memory. A view is a few words, cheap to copy, and must not outlive its Cache:
//
//   trivet::Typed<User, UserCodec> users(cache->In("users"));
//   users.Visit("42", [](const User& user) { Greet(user.name); });
//
// A namespace holds objects of one type with one codec, or bytes, never both: whichever call comes
// first decides, for the life of the cache. A Typed that comes too late has FailedPrecondition as
// its status(), and all it does answers that, or finds nothing. Of the methods of Namespace those
// that are about bytes (Find, FindInto, Visit, Get, GetOrLoad, MGet, Set, MSet, Take, Increment,
// ForEach) find nothing in a namespace of objects, or are FailedPrecondition. The others work as
// ever: see view().
//
// Objects are made before any lock is taken, never change, and are destroyed exactly once: when the
// entry has left memory, its grace period is over and nobody pins it; under no lock, on whichever
// thread comes by, so possibly a later one, or the one that destroys the Cache. The destructor must
// not throw; it may call the cache, except while the Cache is being destroyed.
//
// Errors: those of Namespace; those of the codec; InternalError if the codec throws.
//
// Cost: as a namespace of bytes, with a heap allocation per object and 24 bytes per entry. What
// keeps slabs dense by moving entries does not move these.
//
// Thread-safety: as Namespace. Objects are read by many threads at once: const methods of T must
// allow that.
template <typename T, CodecOf<T> C>
class Typed {
 public:
  static_assert(std::move_constructible<T>);

  // A loader returns T, std::optional<T> (none: the truth has no such key) or absl::StatusOr of
  // either; otherwise as Loader.
  using Loader = absl::FunctionRef<absl::StatusOr<std::optional<T>>(Load&)>;

  explicit Typed(Namespace space) : typed_(std::move(space), &kOps) {}

  // OK, that of the namespace, or FailedPrecondition: it holds bytes, or other objects.
  const absl::Status& status() const { return typed_.status(); }

  // The namespace, for what is not about values: Delete, MDelete, Invalidate and its relatives,
  // Clear, Has, Ttl, Touch, Scan (of keys), stats. Its status is that of this Typed.
  Namespace& view() { return typed_.view(); }

  // --- Memory only ------------------------------------------------------------------------------

  // Calls `visit(const T&)` on the object where it lies, as Namespace::Visit: nothing is locked,
  // nothing is pinned; keep it short. False: not in memory, not called.
  template <typename Visitor>
  bool Visit(std::string_view key, Visitor&& visit) const {
    return typed_.Visit(key,
                        [&visit](const void* object) { visit(*static_cast<const T*>(object)); });
  }

  // Pins the object. Empty: not in memory.
  TypedValue<T> Find(std::string_view key) const { return Pinned(typed_.Find(key)); }

  // Visits the objects in memory, each pinned meanwhile, as Namespace::ForEach; stops when
  // `visit(key, object)` returns false.
  absl::Status ForEach(absl::FunctionRef<bool(std::string_view key, const T& object)> visit) {
    ScanCursor cursor;
    while (!cursor.done) {
      const absl::StatusOr<ScanPage> page = view().Scan(cursor);
      if (!page.ok()) return page.status();
      for (const ScanPage::Item& item : page->items) {
        if (!visit(item.key, *Of(item.value))) return absl::OkStatus();
      }
      cursor = page->next;
    }
    return absl::OkStatus();
  }

  // The object that `value` pins: what a removal listener, or a Scan, was given for an entry of
  // this namespace. Null if it pins no T with this codec.
  static const T* Of(const Value& value) {
    return static_cast<const T*>(engine::TypedView::ObjectOf(value, &kOps));
  }

  // --- Through the tiers ------------------------------------------------------------------------

  // As Namespace::Get. What the store has is decoded once, by the thread that loads it; others that
  // wait for it share the object. A row that the codec cannot read is its error, and stays.
  absl::StatusOr<TypedResult<T>> Get(std::string_view key) { return Pinned(typed_.Get(key)); }

  // As Namespace::MGet: one answer for each key, in order, with one batch to the store for all that
  // memory lacks; not a snapshot. A row that the codec cannot read is the error of its own key, and
  // stays; the others are answered all the same.
  std::vector<absl::StatusOr<TypedResult<T>>> MGet(std::span<const std::string_view> keys) {
    std::vector<absl::StatusOr<TypedResult<T>>> answers;
    answers.reserve(keys.size());
    for (absl::StatusOr<Result>& answer : typed_.MGet(keys)) {
      answers.push_back(Pinned(std::move(answer)));
    }
    return answers;
  }

  // As Namespace::GetOrLoad. An object that a loader made is encoded only for other processes that
  // share the namespace, and kept in memory only if that succeeds.
  absl::StatusOr<TypedResult<T>> GetOrLoad(std::string_view key, Loader loader) {
    return Pinned(typed_.GetOrLoad(
        key, [&loader](Load& load) -> absl::StatusOr<std::optional<engine::LiveObject>> {
          absl::StatusOr<std::optional<T>> loaded = loader(load);
          if (!loaded.ok()) return loaded.status();
          if (!loaded->has_value()) return std::nullopt;
          return Own(**std::move(loaded));
        }));
  }

  // As Namespace::Set; encodes if the namespace has a store, or other processes share it. The
  // limits on the size of a value hold for what the codec tells and for what it encodes.
  absl::StatusOr<SetResult> Set(std::string_view key, T value, const SetOptions& options = {}) {
    absl::StatusOr<engine::LiveObject> object = Own(std::move(value));
    if (!object.ok()) return object.status();
    return typed_.Set(key, *std::move(object), options);
  }

  struct Item {
    std::string_view key;
    T value;
  };
  // As Namespace::MSet: sets all, with the same options, in one transaction of the store; where
  // there is no store key by key, and an error leaves the items before it set. Duplicate keys are
  // set in order; memory keeps the object of the last one that applied. With a store all items are
  // encoded before any is written, so that an error of the codec changes nothing; the bytes of all
  // are held meanwhile.
  absl::StatusOr<std::vector<SetResult>> MSet(std::vector<Item> items,
                                              const SetOptions& options = {}) {
    std::vector<std::string_view> keys;
    std::vector<engine::LiveObject> objects;
    keys.reserve(items.size());
    objects.reserve(items.size());
    for (Item& item : items) {
      absl::StatusOr<engine::LiveObject> object = Own(std::move(item.value));
      if (!object.ok()) return object.status();
      keys.push_back(item.key);
      objects.push_back(*std::move(object));
    }
    return typed_.MSet(keys, objects, options);
  }

  // As Namespace::Take: deletes the entry from every tier and pins what was there; empty if nothing
  // was. That is the object in memory, unless the store has another version (or the namespace none,
  // see NamespaceOptions::versions): then the row is decoded. A row that the codec cannot read is
  // its error, and gone all the same: what there was is only known when it is deleted.
  absl::StatusOr<TypedValue<T>> Take(std::string_view key, Coherence* told = nullptr) {
    absl::StatusOr<Value> taken = typed_.Take(key, told);
    if (!taken.ok()) return taken.status();
    return Pinned(*std::move(taken));
  }

 private:
  // Moves the value to the heap, where it stays.
  static absl::StatusOr<engine::LiveObject> Own(T value) {
    engine::LiveObject object;
    const absl::Status status = engine::TypedView::RunCodec([&] {
      auto owned = std::make_unique<T>(std::move(value));
      const size_t bytes = C::Bytes(*owned);
      object = engine::LiveObject(owned.release(), &kOps, bytes);
      return engine::TypedView::CheckBytes(bytes);
    });
    if (!status.ok()) return status;
    return object;
  }

  static void Destroy(void* object) { delete static_cast<T*>(object); }

  static absl::StatusOr<std::string> Encode(const void* object) {
    absl::StatusOr<std::string> bytes;
    const absl::Status status = engine::TypedView::RunCodec([&] {
      bytes = C::Encode(*static_cast<const T*>(object));
      return bytes.status();
    });
    if (!status.ok()) return status;
    return bytes;
  }

  static absl::StatusOr<engine::LiveObject> Decode(std::string_view bytes) {
    absl::StatusOr<engine::LiveObject> object;
    const absl::Status status = engine::TypedView::RunCodec([&] {
      absl::StatusOr<T> value = C::Decode(bytes);
      if (!value.ok()) return value.status();
      object = Own(*std::move(value));
      return object.status();
    });
    if (!status.ok()) return status;
    return object;
  }

  static TypedValue<T> Pinned(Value value) {
    const T* const object = Of(value);
    return {std::move(value), object};
  }

  static absl::StatusOr<TypedResult<T>> Pinned(absl::StatusOr<Result> result) {
    if (!result.ok()) return result.status();
    return TypedResult<T>{.value = Pinned(std::move(result->value)),
                          .tier = result->tier,
                          .version = result->version,
                          .age = result->age,
                          .remaining_ttl = result->remaining_ttl};
  }

  static const engine::TypeOps kOps;

  engine::TypedView typed_;
};

template <typename T, CodecOf<T> C>
const engine::TypeOps Typed<T, C>::kOps = {.identity = &typeid(Typed<T, C>),
                                           .destroy = &Typed<T, C>::Destroy,
                                           .encode = &Typed<T, C>::Encode,
                                           .decode = &Typed<T, C>::Decode};

}  // namespace trivet

#endif  // TRIVET_TYPED_H_
