// The tags of a row as one string of bytes, so that reading a row brings them along.
#ifndef TRIVET_STORE_TAG_CODEC_H_
#define TRIVET_STORE_TAG_CODEC_H_

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace trivet::store {

// Each tag is a byte with its length, 1 to 255, and its bytes; the tags are in order and distinct,
// so that equal sets have equal encodings. No tags: no bytes.
//
// REQUIRES: each tag has 1 to kNameBytesMax bytes.
std::string EncodeTags(std::span<const std::string> tags);

// nullopt: these are not bytes that EncodeTags makes.
std::optional<std::vector<std::string>> DecodeTags(std::string_view encoded);

}  // namespace trivet::store

#endif  // TRIVET_STORE_TAG_CODEC_H_
