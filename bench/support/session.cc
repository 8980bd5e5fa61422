#include "bench/support/session.h"

#include <algorithm>
#include <barrier>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <thread>

#include "bench/support/machine.h"
#include "bench/support/pinned_thread.h"
#include "bench/support/tsc.h"

namespace trivet::bench {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::pair<const char*, double> kPercentiles[] = {
    {"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"p99.99", 0.9999}};

[[noreturn]] void Usage(const char* program) {
  std::fprintf(stderr,
               "usage: %s [--full] [--repetitions N] [--turn SECONDS] [--policy NAME]\n"
               "          [--peers NAME,NAME...] [--json FILE]\n",
               program);
  std::exit(2);
}

std::vector<std::string> SplitByComma(const std::string& text) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    if (end > begin) parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

Settings Parse(int argc, char** argv) {
  Settings settings;
  for (int i = 1; i < argc; ++i) {
    const std::string_view option = argv[i];
    if (option == "--full") {
      settings.full = true;
      continue;
    }
    if (i + 1 == argc) Usage(argv[0]);
    const char* value = argv[++i];
    if (option == "--repetitions") {
      settings.repetitions = std::atoi(value);
    } else if (option == "--turn") {
      settings.turn_seconds = std::atof(value);
    } else if (option == "--policy") {
      settings.policy = value;
    } else if (option == "--peers") {
      settings.peers = SplitByComma(value);
    } else if (option == "--json") {
      settings.json = value;
    } else {
      Usage(argv[0]);
    }
  }
  if (settings.repetitions < 1 || settings.turn_seconds <= 0) Usage(argv[0]);
  return settings;
}

// One turn of all threads. The results of the threads are summed; so are their ticks.
std::unique_ptr<Tally> TakeTurn(Contender& contender, const Workload& workload, double seconds) {
  const KeySequence& keys = SequenceOf(workload);
  const auto ticks = static_cast<uint64_t>(seconds * Tsc::TicksPerSecond());
  std::barrier start(workload.threads);
  std::vector<std::unique_ptr<Turn>> turns;
  std::vector<std::thread> threads;
  for (int i = 0; i < workload.threads; ++i) {
    const KeySequence::Walk walk(keys, contender.position + KeySequence::Beginning(i));
    turns.push_back(std::make_unique<Turn>(i, ticks, workload.gets_percent, walk, start));
    threads.emplace_back([&contender, i, turn = turns.back().get()] {
      PinThisThread(i);
      contender.run(*turn);
    });
  }
  for (std::thread& thread : threads) thread.join();

  contender.position = turns[0]->walk().position();

  auto sum = std::make_unique<Tally>();
  for (const auto& turn : turns) {
    const Tally& tally = turn->tally();
    for (size_t i = 0; i < tally.outcomes.size(); ++i) sum->outcomes[i] += tally.outcomes[i];
    sum->ticks += tally.ticks;
    sum->gets.Merge(tally.gets);
    sum->sets.Merge(tally.sets);
  }
  return sum;
}

// Of each percentile the median of the repetitions, so that one that was disturbed does not count;
// of the maximum the greatest.
void AddLatencies(const char* what, Histogram Tally::*histogram,
                  const std::vector<std::unique_ptr<Tally>>& tallies, Figures& figures) {
  if ((tallies[0].get()->*histogram).count() == 0) return;
  const std::string prefix = std::string(what) + "_";
  uint64_t fewest = UINT64_MAX;
  for (const auto& tally : tallies) {
    fewest = std::min(fewest, (tally.get()->*histogram).count());
  }
  for (const auto& [name, share] : kPercentiles) {
    if (static_cast<double>(fewest) * (1 - share) < 1) break;  // it would be the maximum
    std::vector<double> ticks;
    for (const auto& tally : tallies) {
      ticks.push_back(static_cast<double>((tally.get()->*histogram).Percentile(share)));
    }
    figures.emplace_back(prefix + name + "_ns", Tsc::Nanoseconds(Median(std::move(ticks))));
  }
  uint64_t max = 0;
  for (const auto& tally : tallies) max = std::max(max, (tally.get()->*histogram).max());
  figures.emplace_back(prefix + "max_ns", Tsc::Nanoseconds(static_cast<double>(max)));
}

Figures FiguresOf(const Workload& workload, const Contender& contender,
                  const std::vector<std::unique_ptr<Tally>>& tallies) {
  std::vector<double> ns;
  double hits = 0;
  double gets = 0;
  for (const auto& tally : tallies) {
    const double operations = static_cast<double>(tally->operations()) * contender.items;
    ns.push_back(Tsc::Nanoseconds(static_cast<double>(tally->ticks)) / operations);
    hits += static_cast<double>(tally->outcomes[0]);
    gets += static_cast<double>(tally->outcomes[0] + tally->outcomes[1]);
  }
  const auto [least, most] = std::minmax_element(ns.begin(), ns.end());
  const double median = Median(ns);
  Figures figures = {{"ns", median},
                     {"least_ns", *least},
                     {"spread_percent", 100 * (*most - *least) / median},
                     {"million_per_s", workload.threads * 1e3 / median}};
  if (gets > 0) figures.emplace_back("hit_percent", 100 * hits / gets);
  AddLatencies("get", &Tally::gets, tallies, figures);
  AddLatencies("set", &Tally::sets, tallies, figures);
  return figures;
}

}  // namespace

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

Json Describe(const Workload& workload) {
  return {{"keys", workload.keys},
          {"value_bytes", workload.value_bytes},
          {"distribution", NameOf(workload.distribution)},
          {"gets_percent", workload.gets_percent},
          {"threads", workload.threads}};
}

Session::Session(std::string_view name, std::string_view question, int argc, char** argv)
    : settings_(Parse(argc, argv)) {
  report_ = {{"bench", name},
             {"question", question},
             {"machine", DescribeMachine()},
             {"settings",
              {{"full", settings_.full},
               {"repetitions", settings_.repetitions},
               {"turn_seconds", settings_.turn_seconds},
               {"policy", settings_.policy.empty() ? "default" : settings_.policy}}},
             {"rows", Json::array()}};
}

bool Session::Wants(std::string_view peer) const {
  return settings_.peers.empty() ||
         std::any_of(settings_.peers.begin(), settings_.peers.end(), [&](const auto& wanted) {
           return peer.find(wanted) != std::string_view::npos;
         });
}

void Session::Measure(const Workload& workload, std::vector<Contender>& contenders) {
  const size_t n = contenders.size();
  std::vector<std::vector<std::unique_ptr<Tally>>> tallies(n);
  for (int repetition = 0; repetition < settings_.repetitions; ++repetition) {
    for (size_t i = 0; i < n; ++i) {
      const size_t who = (i + static_cast<size_t>(repetition)) % n;
      tallies[who].push_back(TakeTurn(contenders[who], workload, settings_.turn_seconds));
    }
  }
  for (size_t who = 0; who < n; ++who) {
    Add(Describe(workload), contenders[who].name,
        FiguresOf(workload, contenders[who], tallies[who]));
  }
}

void Session::Add(const Json& workload, std::string_view peer, const Figures& figures) {
  Json row = {{"workload", workload}, {"peer", peer}, {"figures", Json::object()}};
  for (const auto& [name, value] : figures) row["figures"][name] = value;
  std::string line = std::string(peer) + ':';
  for (size_t i = 0; i < std::min<size_t>(figures.size(), 4); ++i) {
    char figure[64];
    std::snprintf(figure, sizeof(figure), " %s %.1f", figures[i].first.c_str(), figures[i].second);
    line += figure;
  }
  std::fprintf(stderr, "  %s  %s\n", workload.dump().c_str(), line.c_str());
  report_["rows"].push_back(std::move(row));
}

int Session::Finish() {
  report_["machine"]["load_at_end"] = LoadAverage();
  if (settings_.json.empty()) return 0;
  std::ofstream file(settings_.json);
  file << report_.dump(1) << '\n';
  file.close();
  if (file) return 0;
  std::fprintf(stderr, "cannot write %s\n", settings_.json.c_str());
  return 1;
}

}  // namespace trivet::bench
