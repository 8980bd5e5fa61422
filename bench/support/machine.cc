#include "bench/support/machine.h"

#include <malloc.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <ctime>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>

#include "bench/support/tsc.h"

namespace trivet::bench {
namespace {

// What follows `name` and a colon in a file of lines "name : value".
std::string FieldOf(const char* path, std::string_view name) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.compare(0, name.size(), name) != 0) continue;
    const size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const size_t value = line.find_first_not_of(" \t", colon + 1);
    return value == std::string::npos ? "" : line.substr(value);
  }
  return "";
}

std::string FirstLineOf(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

size_t KibibytesOf(const char* path, std::string_view name) {
  const std::string text = FieldOf(path, name);
  return text.empty() ? 0 : std::stoul(text) * 1024;
}

std::string Today() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%d %H:%M UTC", &utc);
  return text;
}

}  // namespace

nlohmann::ordered_json DescribeMachine() {
  utsname kernel{};
  uname(&kernel);
  return {{"date", Today()},
          {"processor", FieldOf("/proc/cpuinfo", "model name")},
          {"cores", std::thread::hardware_concurrency()},
          {"kernel", std::string(kernel.sysname) + ' ' + kernel.release},
          {"huge_pages", FirstLineOf("/sys/kernel/mm/transparent_hugepage/enabled")},
          {"memory_gib", KibibytesOf("/proc/meminfo", "MemTotal") >> 30},
          {"tsc_mhz", Tsc::TicksPerSecond() / 1e6},
          {"load_at_start", LoadAverage()}};
}

double LoadAverage() {
  double load = 0;
  std::ifstream("/proc/loadavg") >> load;
  return load;
}

size_t AvailableBytes() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
  return KibibytesOf("/proc/meminfo", "MemAvailable");
}

size_t ResidentBytes() {
  size_t all = 0;
  size_t resident = 0;
  std::ifstream("/proc/self/statm") >> all >> resident;
  return resident * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace trivet::bench
