// A database file looked at from outside, with SQLite alone.
#ifndef TRIVET_TESTS_STORE_RAW_DATABASE_H_
#define TRIVET_TESTS_STORE_RAW_DATABASE_H_

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cstdint>
#include <string>

namespace trivet::testing {

// Created if it is missing. Errors fail the test.
class RawDatabase {
 public:
  explicit RawDatabase(const std::string& path) {
    EXPECT_EQ(sqlite3_open(path.c_str(), &database_), SQLITE_OK) << path;
    sqlite3_busy_timeout(database_, 5000);
  }
  RawDatabase(const RawDatabase&) = delete;
  RawDatabase& operator=(const RawDatabase&) = delete;
  ~RawDatabase() { sqlite3_close(database_); }

  sqlite3* get() const { return database_; }

  void Run(const std::string& sql) {
    EXPECT_EQ(sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
        << sql << ": " << sqlite3_errmsg(database_);
  }

  // The rows, one on a line, the columns with "|" between them.
  std::string Ask(const std::string& sql) {
    std::string answer;
    sqlite3_stmt* statement = nullptr;
    EXPECT_EQ(sqlite3_prepare_v2(database_, sql.c_str(), -1, &statement, nullptr), SQLITE_OK)
        << sql << ": " << sqlite3_errmsg(database_);
    int code = SQLITE_DONE;
    while (statement != nullptr && (code = sqlite3_step(statement)) == SQLITE_ROW) {
      if (!answer.empty()) answer += "\n";
      for (int i = 0; i < sqlite3_column_count(statement); ++i) {
        const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, i));
        if (i > 0) answer += "|";
        answer += text == nullptr ? "NULL" : text;
      }
    }
    EXPECT_EQ(code, SQLITE_DONE) << sql << ": " << sqlite3_errmsg(database_);
    sqlite3_finalize(statement);
    return answer;
  }

  // All that our tables hold, and whether they hold together.
  std::string Dump() {
    return Ask("PRAGMA integrity_check") + "\nversions " + Ask("SELECT * FROM trivet_versions") +
           "\nnamespaces " + Ask("SELECT id, quote(name) FROM trivet_namespaces ORDER BY id") +
           "\ncleared " + Ask("SELECT * FROM trivet_cleared ORDER BY namespace") + "\nrows " +
           Ask("SELECT id, namespace, quote(key), version, expires_at, quote(tags), length(value),"
               " quote(substr(value, 1, 20)) FROM trivet_rows ORDER BY id") +
           "\ntags " + Ask("SELECT namespace, quote(tag), row FROM trivet_tags ORDER BY 1, 2, 3") +
           "\nchanges " +
           Ask("SELECT id, ticket, quote(namespace), kind, quote(name), version, logged_at"
               " FROM trivet_changes ORDER BY id");
  }

 private:
  sqlite3* database_ = nullptr;
};

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_STORE_RAW_DATABASE_H_
