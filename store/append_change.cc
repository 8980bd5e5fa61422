#include "trivet/append_change.h"

#include "store/log_row.h"

namespace trivet {

absl::Status AppendChange(sqlite3* database, std::string_view namespace_name,
                          LoggedChange::Kind kind, std::string_view name) {
  return store::LogRow(database, namespace_name, kind, name, store::RandomTicket());
}

}  // namespace trivet
