// Arbitrary bytes in JSON and on a line of text.
#ifndef TRIVET_BINDINGS_CLI_JSON_TEXT_H_
#define TRIVET_BINDINGS_CLI_JSON_TEXT_H_

#include <string>
#include <string_view>

#include "nlohmann/json.hpp"

namespace trivet::cli {

// Keeps members in the order in which they were put in.
using Json = nlohmann::ordered_json;

// Whether `bytes` is well-formed UTF-8, which is what a JSON string can hold.
bool IsUtf8(std::string_view bytes);

// Sets object[name] to the bytes as a string if they are UTF-8, else object[name + "_base64"].
void PutBytes(Json& object, const std::string& name, std::string_view bytes);

// One line that shows the bytes and can be read back: backslash, tab, newline, other control
// characters and what is not UTF-8 become \\, \t, \n, \r or \xHH.
std::string EscapeLine(std::string_view bytes);

}  // namespace trivet::cli

#endif  // TRIVET_BINDINGS_CLI_JSON_TEXT_H_
