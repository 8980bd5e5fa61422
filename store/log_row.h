// A row of the change log, written on a connection of the program.
#ifndef TRIVET_STORE_LOG_ROW_H_
#define TRIVET_STORE_LOG_ROW_H_

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "trivet/backing.h"

struct sqlite3;

namespace trivet::store {

// Of the system's random source; more than zero.
int64_t RandomTicket();

// Everything as trivet::AppendChange says, under this ticket.
absl::Status LogRow(sqlite3* database, std::string_view namespace_name, LoggedChange::Kind kind,
                    std::string_view name, int64_t ticket);

}  // namespace trivet::store

#endif  // TRIVET_STORE_LOG_ROW_H_
