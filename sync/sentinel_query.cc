#include "sync/sentinel_query.h"

#include "engine/check.h"
#include "sync/redis_status.h"

namespace trivet::sync {

SentinelQuery::SentinelQuery(const RedisUrl& url) : master_(url.master) {
  absl::Status added;
  if (!url.sentinel_user.empty()) {
    added = commands_.Add({"AUTH", url.sentinel_user, url.sentinel_password});
  } else if (!url.sentinel_password.empty()) {
    added = commands_.Add({"AUTH", url.sentinel_password});
  }
  if (added.ok()) added = commands_.Add({"SENTINEL", "GET-MASTER-ADDR-BY-NAME", url.master});
  TRIVET_CHECK(added.ok(), "a URL fits into a command");
}

void SentinelQuery::Restart() {
  answered_ = 0;
  primary_.reset();
}

absl::Status SentinelQuery::Take(const Reply& reply) {
  if (absl::Status status = StatusOf(reply); !status.ok()) return status;
  if (++answered_ < commands_.count()) return absl::OkStatus();
  if (reply.is_nil()) {
    return MakeRedisStatus(RedisError::kUnknownMaster, Executed::kNo,
                           "no master named " + master_ + " is known");
  }
  const std::vector<Reply>& fields = reply.elements;
  if (reply.is_array() && fields.size() == 2 && fields[0].is_string() && fields[1].is_string()) {
    primary_ = MakeServerPlace(fields[0].text, fields[1].text);
  }
  if (!primary_) {
    return MakeRedisStatus(RedisError::kProtocol, Executed::kNo, "a sentinel names no address");
  }
  return absl::OkStatus();
}

}  // namespace trivet::sync
