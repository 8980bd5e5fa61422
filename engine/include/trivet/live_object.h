// Objects of any type as the engine holds them. Programs use trivet/typed.h, which is built on it.
#ifndef TRIVET_LIVE_OBJECT_H_
#define TRIVET_LIVE_OBJECT_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>

#include "absl/status/statusor.h"

namespace trivet::engine {

class LiveObject;

// What the engine knows of a type and its codec. Constant, and lives as long as the program.
struct TypeOps {
  // Of the pair: two libraries of a program may each have TypeOps of their own for it.
  const std::type_info* identity;
  void (*destroy)(void* object);
  absl::StatusOr<std::string> (*encode)(const void* object);
  absl::StatusOr<LiveObject> (*decode)(std::string_view bytes);
};

// Owns an object on the heap, until an entry takes it over.
class LiveObject {
 public:
  LiveObject() = default;
  // `bytes`: what the budget is charged with for it.
  LiveObject(void* object, const TypeOps* ops, size_t bytes)
      : object_(object), ops_(ops), bytes_(bytes) {}
  LiveObject(LiveObject&& other) noexcept
      : object_(std::exchange(other.object_, nullptr)), ops_(other.ops_), bytes_(other.bytes_) {}
  LiveObject& operator=(LiveObject&& other) noexcept {
    std::swap(object_, other.object_);
    std::swap(ops_, other.ops_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~LiveObject() {
    if (object_ != nullptr) ops_->destroy(object_);
  }

  explicit operator bool() const { return object_ != nullptr; }
  const void* get() const { return object_; }
  const TypeOps* ops() const { return ops_; }
  size_t bytes() const { return bytes_; }

  // The caller owns the object now.
  void* Release() { return std::exchange(object_, nullptr); }

 private:
  void* object_ = nullptr;
  const TypeOps* ops_ = nullptr;
  size_t bytes_ = 0;
};

}  // namespace trivet::engine

#endif  // TRIVET_LIVE_OBJECT_H_
