// The tables, and how an older file gets them.
#ifndef TRIVET_STORE_SCHEMA_H_
#define TRIVET_STORE_SCHEMA_H_

#include <cstdint>
#include <span>

#include "absl/status/status.h"
#include "store/connection.h"

namespace trivet::store {

// "trvt", in the header of the file (PRAGMA application_id).
inline constexpr int32_t kApplicationId = 0x74727674;

// Step i is the SQL that leads from version i (PRAGMA user_version) to i + 1; version 0 is an empty
// database. Steps are only ever added.
std::span<const char* const> SchemaSteps();

// Takes the database through the steps it lacks, each in a transaction of its own, and switches it
// to WAL mode. Any number of processes may do this at the same time. FailedPrecondition, and
// nothing changed, if the database belongs to another program or is newer than the steps.
absl::Status BringUpToDate(Connection& connection, std::span<const char* const> steps);

// The same judgement without a change: FailedPrecondition also if a step is lacking.
absl::Status CheckUpToDate(Connection& connection, std::span<const char* const> steps);

}  // namespace trivet::store

#endif  // TRIVET_STORE_SCHEMA_H_
