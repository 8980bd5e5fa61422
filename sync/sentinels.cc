#include "sync/sentinels.h"

#include <string>

#include "sync/redis_status.h"

namespace trivet::sync {

void Sentinels::BeginRound() {
  asked_ = 0;
  vain_.reset();
  stage_ = Stage::kSilent;
  failure_ = absl::OkStatus();
}

const ServerPlace* Sentinels::next() const {
  return asked_ == places_.size() ? nullptr : &places_[(first_ + asked_) % places_.size()];
}

void Sentinels::NotAnswered(const absl::Status& why) {
  ++asked_;
  const RedisError kind = KindOf(why);
  if (kind == RedisError::kUnreachable || kind == RedisError::kDisconnected) {
    const std::string number = std::to_string(places_.size());
    return Fail(Stage::kSilent, WithContext("none of " + number + " sentinels answers: ", why));
  }
  Fail(Stage::kRefused, WithContext("sentinel: ", why));
}

void Sentinels::Vain(const ServerPlace& primary, const absl::Status& why) {
  ++asked_;
  vain_ = primary;
  Fail(Stage::kNamed, WithContext("the primary that the sentinels name: ", why));
}

void Sentinels::Helped() { first_ = (first_ + asked_) % places_.size(); }

void Sentinels::Fail(Stage stage, const absl::Status& failure) {
  if (stage < stage_) return;
  stage_ = stage;
  failure_ = failure;
}

}  // namespace trivet::sync
