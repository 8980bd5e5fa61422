// A script with the words it is called with.
#ifndef TRIVET_SYNC_SCRIPT_WORDS_H_
#define TRIVET_SYNC_SCRIPT_WORDS_H_

#include <deque>
#include <string>
#include <utility>

#include "sync/script.h"

namespace trivet::sync {

// As ScriptCall, but owns the words, so that they may be made on the spot.
//
//   ScriptWords words(script);
//   words.Key(names.hash()).Argument(std::to_string(n));
//   client.Run(words.call(), ...)
//
// Thread-safety: that of a std::deque.
class ScriptWords {
 public:
  explicit ScriptWords(Script& script) { call_.script = &script; }
  // Moving keeps the words where they are; copying would not.
  ScriptWords(ScriptWords&&) = default;
  ScriptWords& operator=(ScriptWords&&) = default;

  ScriptWords& Key(std::string key) {
    call_.keys.push_back(words_.emplace_back(std::move(key)));
    return *this;
  }
  ScriptWords& Argument(std::string argument) {
    call_.arguments.push_back(words_.emplace_back(std::move(argument)));
    return *this;
  }

  // Valid as long as this object, wherever it is moved to.
  const ScriptCall& call() const { return call_; }

 private:
  std::deque<std::string> words_;  // which stay where they are
  ScriptCall call_;
};

}  // namespace trivet::sync

#endif  // TRIVET_SYNC_SCRIPT_WORDS_H_
