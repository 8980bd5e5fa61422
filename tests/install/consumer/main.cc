// What a first program does: open a cache with a store behind it, write, and read from memory.
#include <cstdio>
#include <string>

#include "trivet/open.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  auto cache = trivet::Open({.memory_bytes = 1 << 20, .store = "sqlite:" + std::string(argv[1])});
  if (!cache.ok()) {
    std::fprintf(stderr, "%s\n", cache.status().ToString().c_str());
    return 1;
  }
  trivet::Namespace users = (*cache)->In("users");
  if (!users.Set("42", "Ada").ok()) return 1;
  std::string name;
  if (!users.FindInto("42", &name) || name != "Ada") return 1;
  std::printf("users/42 is %s\n", name.c_str());
  return 0;
}
