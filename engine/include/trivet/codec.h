// How live objects become bytes for the tiers below memory, and objects again.
#ifndef TRIVET_CODEC_H_
#define TRIVET_CODEC_H_

#include <concepts>
#include <cstddef>
#include <cstring>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace trivet {

// A codec of T is a type with three static functions:
//
//   struct UserCodec {
//     static size_t Bytes(const User& user);                      // memory, sizeof(User) included
//     static absl::StatusOr<std::string> Encode(const User& user);
//     static absl::StatusOr<User> Decode(std::string_view bytes);
//   };
//
// `Bytes` is what the budget of the cache is charged with, so it counts what the object owns on the
// heap, too; it is asked once, when the object comes in. `Encode` and `Decode` run only where the
// namespace has a store, or processes share it. Their errors come back from the call that needed
// them: say where the bytes are wrong, never what they are. What they throw becomes an
// InternalError without the text of the exception.
//
// Thread-safety: all three are called on any thread, on several at once, and under no lock.
template <typename C, typename T>
concept CodecOf = requires(const T& value, std::string_view bytes) {
  { C::Bytes(value) } -> std::convertible_to<size_t>;
  { C::Encode(value) } -> std::convertible_to<absl::StatusOr<std::string>>;
  { C::Decode(bytes) } -> std::convertible_to<absl::StatusOr<T>>;
};

// The bytes of T as they lie in memory: for numbers and plain structs of them. Other machines and
// other versions of the struct see other bytes: for stores that only one program reads. Decode
// gives DataLoss if the size is not that of T, and trusts the bytes otherwise.
template <typename T>
requires(std::is_trivially_copyable_v<T> && !std::is_pointer_v<T>) struct TrivialCodec {
  static size_t Bytes(const T&) { return sizeof(T); }
  static absl::StatusOr<std::string> Encode(const T& value) {
    return std::string(reinterpret_cast<const char*>(&value), sizeof(T));
  }
  static absl::StatusOr<T> Decode(std::string_view bytes) {
    if (bytes.size() != sizeof(T)) {
      return absl::DataLossError("TrivialCodec: the size of the bytes is not that of the type");
    }
    // By way of raw bytes: T need not have a default constructor.
    alignas(T) char copy[sizeof(T)];
    std::memcpy(copy, bytes.data(), sizeof(T));
    return *std::launder(reinterpret_cast<const T*>(copy));
  }
};

// A string is its own bytes.
struct StringCodec {
  static size_t Bytes(const std::string& value) { return sizeof(value) + value.capacity(); }
  static absl::StatusOr<std::string> Encode(const std::string& value) { return value; }
  static absl::StatusOr<std::string> Decode(std::string_view bytes) { return std::string(bytes); }
};

}  // namespace trivet

#endif  // TRIVET_CODEC_H_
