// Keeps the code that docs pages show equal to code that is compiled and run.
#ifndef TRIVET_TESTS_SUPPORT_DOC_EXCERPT_H_
#define TRIVET_TESTS_SUPPORT_DOC_EXCERPT_H_

#include <string>

namespace trivet::testing {

// The lines of the source file between a line `// [NAME]` and a line `// [/NAME]`, without the
// indentation that all of them share. Both files are named from the root of the tree.
std::string ExcerptOf(const std::string& source_file, const std::string& name);

// The code blocks (```cpp) of a docs page, joined.
std::string CodeOf(const std::string& docs_page);

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_SUPPORT_DOC_EXCERPT_H_
