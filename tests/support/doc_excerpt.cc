#include "tests/support/doc_excerpt.h"

#include <algorithm>
#include <fstream>
#include <stdexcept>
#include <vector>

namespace trivet::testing {
namespace {

std::vector<std::string> LinesOf(const std::string& file) {
  std::ifstream in(std::string(TRIVET_TESTS_DIR) + "/../" + file);
  if (!in) throw std::runtime_error("cannot read " + file);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string Trimmed(const std::string& line) {
  const size_t first = line.find_first_not_of(' ');
  return first == std::string::npos ? "" : line.substr(first);
}

}  // namespace

std::string ExcerptOf(const std::string& source_file, const std::string& name) {
  std::vector<std::string> lines;
  bool inside = false;
  for (const std::string& line : LinesOf(source_file)) {
    if (Trimmed(line) == "// [/" + name + "]") break;
    if (inside) lines.push_back(line);
    if (Trimmed(line) == "// [" + name + "]") inside = true;
  }
  size_t indent = std::string::npos;
  for (const std::string& line : lines) {
    indent = std::min(indent, line.find_first_not_of(' '));
  }
  std::string excerpt;
  for (const std::string& line : lines) {
    excerpt += (line.empty() ? line : line.substr(indent)) + "\n";
  }
  return excerpt;
}

std::string CodeOf(const std::string& docs_page) {
  std::string code;
  bool inside = false;
  for (const std::string& line : LinesOf(docs_page)) {
    if (line == "```") inside = false;
    if (inside) code += line + "\n";
    if (line == "```cpp") inside = true;
  }
  return code;
}

}  // namespace trivet::testing
