// What happened in a schedule, line by line, for who wants to understand a violation: model_main
// trace SEED.
#ifndef TRIVET_TESTS_SIM_MODEL_DIARY_H_
#define TRIVET_TESTS_SIM_MODEL_DIARY_H_

#include <cstdarg>
#include <cstdio>

#include "tests/sim/model_redis.h"
#include "tests/sim/model_types.h"

namespace trivet::sim {

class Diary {
 public:
  void Open(std::FILE* file) { file_ = file; }

  __attribute__((format(printf, 3, 4))) void Note(Tick now, const char* format, ...) const {
    if (file_ == nullptr) return;
    std::fprintf(file_, "%6lld  ", static_cast<long long>(now));
    va_list arguments;
    va_start(arguments, format);
    std::vfprintf(file_, format, arguments);
    va_end(arguments);
    std::fputc('\n', file_);
  }
  void Executed(Tick now, const Command& command, const Reply& reply) const {
    static constexpr const char* kNames[] = {
        "ReadSequence", "Claim",         "ClaimOver", "ReadStamps",    "Fill",
        "Renew",        "BeginWrite",    "EndWrite",  "InvalidateTag", "Clear",
        "Scan",         "PatternRecord", "Fence"};
    static constexpr const char* kStates[] = {"absent", "value", "claim", "tomb", "writing"};
    Note(now,
         "    redis %u: %s key %u token %llu version %u tags %x birth %llu generation %u -> %s%s%s",
         command.part, kNames[static_cast<int>(command.kind)], command.key,
         static_cast<unsigned long long>(command.token), command.version, command.tags,
         static_cast<unsigned long long>(command.birth), command.generation,
         reply.status == ReplyStatus::kStale ? "stale " : "", reply.won ? "won " : "",
         kStates[static_cast<int>(reply.seen.state)]);
    Note(now, "      generation %u sequence %llu, seen version %u token %llu", reply.generation,
         static_cast<unsigned long long>(reply.sequence), reply.seen.version,
         static_cast<unsigned long long>(reply.seen.token));
  }

 private:
  std::FILE* file_ = nullptr;
};

}  // namespace trivet::sim

#endif  // TRIVET_TESTS_SIM_MODEL_DIARY_H_
