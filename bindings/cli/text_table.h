// A table for people: the first column to the left, the others to the right.
#ifndef TRIVET_BINDINGS_CLI_TEXT_TABLE_H_
#define TRIVET_BINDINGS_CLI_TEXT_TABLE_H_

#include <ostream>
#include <string>
#include <vector>

namespace trivet::cli {

class TextTable {
 public:
  using Row = std::vector<std::string>;

  void Add(Row row) { rows_.push_back(std::move(row)); }

  // Columns are as wide as their widest cell, two spaces apart; missing cells are empty.
  void Print(std::ostream& out) const;

 private:
  std::vector<Row> rows_;
};

}  // namespace trivet::cli

#endif  // TRIVET_BINDINGS_CLI_TEXT_TABLE_H_
