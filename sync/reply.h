// What a Redis server answers to one command.
#ifndef TRIVET_SYNC_REPLY_H_
#define TRIVET_SYNC_REPLY_H_

#include <cstdint>
#include <string>
#include <vector>

namespace trivet::sync {

// A value of RESP2. Bytes are as they came; nothing in them is to be trusted.
struct Reply {
  enum class Type {
    kNil,
    kStatus,   // text: "OK" and the like
    kError,    // text: the code and the server's words, which may quote keys; see redis_status.h
    kInteger,  // integer
    kString,   // text: bytes
    kArray,    // elements
  };

  Type type = Type::kNil;
  int64_t integer = 0;
  std::string text = {};
  std::vector<Reply> elements = {};

  bool is_nil() const { return type == Type::kNil; }
  bool is_error() const { return type == Type::kError; }
  bool is_integer() const { return type == Type::kInteger; }
  bool is_string() const { return type == Type::kString; }
  bool is_array() const { return type == Type::kArray; }
  bool is_status(const char* expected) const { return type == Type::kStatus && text == expected; }

  friend bool operator==(const Reply&, const Reply&) = default;
};

}  // namespace trivet::sync

#endif  // TRIVET_SYNC_REPLY_H_
