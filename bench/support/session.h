// One run of one benchmark program: its settings, its peers' turns, and what it found.
#ifndef TRIVET_BENCH_SUPPORT_SESSION_H_
#define TRIVET_BENCH_SUPPORT_SESSION_H_

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/support/turn.h"
#include "bench/support/workload.h"
#include "nlohmann/json.hpp"

namespace trivet::bench {

struct Settings {
  bool full = false;                 // everything, not only what fits into ten minutes
  int repetitions = 5;               // at least; medians are taken over them
  double turn_seconds = 0.2;         // of each contender in each repetition
  std::string policy;                // of trivet; empty: its default
  std::vector<std::string> peers{};  // only those with one of these in their names; empty: all
  std::string json;                  // file for the report; empty: none
};

// Somebody who takes part in a measurement.
struct Contender {
  std::string name;
  std::function<void(Turn&)> run;  // calls Turn::Run; on several threads at once
  double items = 1;                // operations in what `run` takes for one
  // In the sequence of keys. It goes on from turn to turn, so that a cache is not asked for what it
  // has just seen, and all contenders see the same.
  size_t position = 0;
};

// Figures by name, in the order in which they are to be shown. Names end in their unit.
using Figures = std::vector<std::pair<std::string, double>>;

class Session {
 public:
  // Reads the settings from the command line; exits with a message if it does not understand.
  // `question` opens the report.
  Session(std::string_view name, std::string_view question, int argc, char** argv);

  const Settings& settings() const { return settings_; }

  // Whether --peers leaves this one in.
  bool Wants(std::string_view peer) const;

  // Interleaves the contenders: in each repetition each has one turn, and each repetition begins
  // with another one. Adds a row for each to the report.
  void Measure(const Workload& workload, std::vector<Contender>& contenders);

  // A row of what was measured in another way. `workload` are the words and numbers that tell this
  // measurement from the others.
  void Add(const nlohmann::ordered_json& workload, std::string_view peer, const Figures& figures);

  // Writes the report. The exit status of the program.
  int Finish();

 private:
  Settings settings_;
  nlohmann::ordered_json report_;
};

// What a row says about a workload.
nlohmann::ordered_json Describe(const Workload& workload);

// REQUIRES: not empty.
double Median(std::vector<double> values);

}  // namespace trivet::bench

#endif  // TRIVET_BENCH_SUPPORT_SESSION_H_
