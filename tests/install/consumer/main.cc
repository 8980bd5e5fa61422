// What a first program does: open a cache with a store behind it, write, and read from memory. Once
// alone, and once with a Redis between processes that is down, which must link and must not be in
// the way.
#include <cstdio>
#include <string>
#include <utility>

#include "trivet/open.h"

namespace {

int Try(trivet::OpenOptions options) {
  auto cache = trivet::Open(std::move(options));
  if (!cache.ok()) {
    std::fprintf(stderr, "%s\n", cache.status().ToString().c_str());
    return 1;
  }
  trivet::Namespace users = (*cache)->In("users");
  if (!users.Set("42", "Ada").ok()) return 1;
  auto name = users.Get("42");
  if (!name.ok() || name->bytes() != "Ada") return 1;
  std::printf("users/42 is %s, from the tier \"%s\"\n", std::string(name->bytes()).c_str(),
              trivet::TierName(name->tier));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::string store = "sqlite:" + std::string(argv[1]);
  if (Try({.memory_bytes = 1 << 20, .store = store}) != 0) return 1;
  return Try({.memory_bytes = 1 << 20, .store = store, .redis = "unix:///nowhere/redis.sock"});
}
