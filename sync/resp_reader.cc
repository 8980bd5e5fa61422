#include "sync/resp_reader.h"

#include <hiredis.h>

#include <charconv>
#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/check.h"
#include "engine/strings.h"
#include "sync/redis_status.h"

namespace trivet::sync {
namespace {

// What is being read, as REDIS_REPLY_*. hiredis keeps its stack in one way before 1.0 and in
// another since. REQUIRES: something is.
template <typename Reader>
int TypeOfUnfinished(const Reader& reader) {
  if constexpr (requires { reader.rstack; }) {
    return reader.rstack[reader.ridx].type;
  } else {
    return reader.task[reader.ridx]->type;
  }
}

}  // namespace

// Makes Reply out of what hiredis finds, in the place of its own objects: no second copy, arrays
// that grow, and a price on everything. A null pointer stops hiredis.
struct RespReader::Builder {
  explicit Builder(const ReplyLimits& reply_limits) : limits(reply_limits) {}

  static Builder& Of(const redisReadTask* task) { return *static_cast<Builder*>(task->privdata); }

  static void* Place(const redisReadTask* task, Reply::Type type, std::string_view text,
                     long long integer) {
    Builder& builder = Of(task);
    builder.bytes += sizeof(Reply) + text.size();
    if (builder.bytes > builder.limits.reply_bytes_max) return builder.Refuse("reply too large");
    try {
      Reply reply = {.type = type, .integer = integer, .text = std::string(text)};
      if (task->parent == nullptr) {
        builder.root = std::move(reply);
        return &builder.root;
      }
      // Elements come in order, and the last one is complete before the vector grows, so that no
      // pointer into it is in use then.
      auto& elements = static_cast<Reply*>(task->parent->obj)->elements;
      elements.push_back(std::move(reply));
      return &elements.back();
    } catch (const std::bad_alloc&) {  // must not travel through C
      return builder.Refuse("out of memory");
    }
  }

  static void* String(const redisReadTask* task, char* text, size_t size) {
    switch (task->type) {
      case REDIS_REPLY_STATUS:
        return Place(task, Reply::Type::kStatus, {text, size}, 0);
      case REDIS_REPLY_ERROR:
        return Place(task, Reply::Type::kError, {text, size}, 0);
      default:
        // hiredis has seen that the two bytes are there, not what they are.
        if (text[size] != '\r' || text[size + 1] != '\n') {
          return Of(task).Refuse("string without an end");
        }
        return Place(task, Reply::Type::kString, {text, size}, 0);
    }
  }

  template <typename Size>  // an int before hiredis 1.0
  static void* Array(const redisReadTask* task, Size size) {
    Builder& builder = Of(task);
    int depth = 1;
    for (const redisReadTask* up = task->parent; up != nullptr; up = up->parent) ++depth;
    if (depth > builder.limits.depth_max) return builder.Refuse("arrays nested too deep");
    if (static_cast<size_t>(size) > builder.limits.elements_max) {
      return builder.Refuse("array too long");
    }
    return Place(task, Reply::Type::kArray, {}, 0);
  }

  static void* Integer(const redisReadTask* task, long long value) {
    return Place(task, Reply::Type::kInteger, {}, value);
  }

  static void* Nil(const redisReadTask* task) { return Place(task, Reply::Type::kNil, {}, 0); }

  static void Drop(void*) {}  // everything hangs from `root`

  void* Refuse(const char* why) {
    refused = why;
    return nullptr;
  }

  // The reply that is complete; ready for the next one.
  Reply Take() {
    bytes = 0;
    return std::exchange(root, Reply());
  }

  const ReplyLimits limits;
  Reply root;
  size_t bytes = 0;
  const char* refused = nullptr;
};

void RespReader::Free::operator()(redisReader* reader) const { redisReaderFree(reader); }

RespReader::RespReader(const ReplyLimits& limits)
    : limits_(limits), builder_(std::make_unique<Builder>(limits)) {
  // hiredis takes it as mutable and does not change it. What it may know beyond these is of RESP3,
  // which nobody asks the server for.
  static redisReplyObjectFunctions functions = [] {
    redisReplyObjectFunctions all = {};
    all.createString = &Builder::String;
    all.createArray = &Builder::Array;
    all.createInteger = &Builder::Integer;
    all.createNil = &Builder::Nil;
    all.freeObject = &Builder::Drop;
    return all;
  }();
  reader_.reset(redisReaderCreateWithFunctions(&functions));
  TRIVET_CHECK(reader_ != nullptr, "out of memory");
  reader_->privdata = builder_.get();
}

RespReader::~RespReader() = default;

void RespReader::Feed(std::string_view bytes) {
  if (!failure_.ok() || bytes.empty()) return;
  if (redisReaderFeed(reader_.get(), bytes.data(), bytes.size()) != REDIS_OK) {
    (void)Fail("out of memory");
  }
}

absl::StatusOr<std::optional<Reply>> RespReader::Next() {
  if (!failure_.ok()) return failure_;
  void* done = nullptr;
  if (redisReaderGetReply(reader_.get(), &done) != REDIS_OK) {
    if (builder_->refused != nullptr) return Fail(builder_->refused);
    // hiredis quotes the byte it did not expect; our message does not.
    return Fail("not a reply");
  }
  if (done == nullptr) {
    if (absl::Status status = CheckUnfinished(); !status.ok())
      return Fail(engine::ToStd(status.message()));
    return std::optional<Reply>();
  }
  return std::optional<Reply>(builder_->Take());
}

// What has not ended yet must still be able to end within the limits; and it is looked at from its
// beginning whenever more bytes come, so that lines without an end must not go on for long.
absl::Status RespReader::CheckUnfinished() const {
  const redisReader& reader = *reader_;
  if (reader.ridx < 0) return absl::OkStatus();  // nothing was begun
  const std::string_view rest(reader.buf + reader.pos, reader.len - reader.pos);
  constexpr size_t kNumberBytesMax = 24;  // of a length: 64 bits in decimal, a sign, CR LF
  const int type = TypeOfUnfinished(reader);
  if (type != REDIS_REPLY_STRING) {
    const size_t bytes_max = type == REDIS_REPLY_ARRAY || type == REDIS_REPLY_INTEGER
                                 ? kNumberBytesMax
                                 : limits_.line_bytes_max;
    return rest.size() > bytes_max ? absl::InternalError("line too long") : absl::OkStatus();
  }
  if (rest.substr(0, kNumberBytesMax).find('\r') == std::string_view::npos) {
    return rest.size() > kNumberBytesMax ? absl::InternalError("line too long") : absl::OkStatus();
  }
  size_t announced = 0;
  std::from_chars(rest.data(), rest.data() + rest.size(), announced);
  return builder_->bytes + announced > limits_.reply_bytes_max
             ? absl::InternalError("reply too large")
             : absl::OkStatus();
}

absl::Status RespReader::Fail(std::string_view why) {
  // The command that is being answered was executed, for all we know.
  failure_ = MakeRedisStatus(RedisError::kProtocol, Executed::kMaybe, why);
  builder_->Take();
  return failure_;
}

}  // namespace trivet::sync
