// tags, clear and stats: look after a database as a whole.
#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "absl/status/status.h"
#include "bindings/cli/command.h"
#include "bindings/cli/database.h"
#include "bindings/cli/json_text.h"
#include "bindings/cli/quantity.h"
#include "bindings/cli/text_table.h"
#include "trivet/cache.h"

namespace trivet::cli {
namespace {

struct AdminOptions : DatabaseOptions {
  std::string key;
  std::string tag;
  bool all = false;
};

absl::StatusOr<ExitCode> RunTagsShow(const AdminOptions& options, Console& console) {
  absl::Status status = CheckKey(options.key);
  if (status.ok()) status = CheckName("namespace", options.namespace_name);
  if (!status.ok()) return status;
  absl::StatusOr<Database> database = Database::Open(options, Access::kRead);
  if (!database.ok()) return database.status();
  absl::StatusOr<std::optional<StoredValue>> row =
      database->backing().Read(options.namespace_name, options.key);
  if (!row.ok()) return database->Named(row.status());

  const bool found = row->has_value();
  std::vector<std::string> tags = found ? (*row)->tags : std::vector<std::string>();
  std::sort(tags.begin(), tags.end());
  if (options.json) {
    Json object;
    PutBytes(object, "key", options.key);
    object["found"] = found;
    object["tags"] = Json::array();
    for (const std::string& tag : tags) {
      Json item;
      PutBytes(item, "tag", tag);
      object["tags"].push_back(std::move(item));
    }
    console.out << object.dump() << '\n';
  } else if (!found) {
    console.err << "trivet tags show: not found: " << EscapeLine(options.key) << '\n';
  } else {
    for (const std::string& tag : tags) console.out << EscapeLine(tag) << '\n';
  }
  return found ? ExitCode::kOk : ExitCode::kNotFound;
}

absl::StatusOr<ExitCode> RunTagsDelete(const AdminOptions& options, Console& console) {
  absl::Status status = CheckName("tag", options.tag);
  if (status.ok()) status = CheckName("namespace", options.namespace_name);
  if (!status.ok()) return status;
  absl::StatusOr<Database> database = Database::Open(options, Access::kChange);
  if (!database.ok()) return database.status();
  Coherence told = Coherence::kLocal;
  status = database->space().DeleteTag(options.tag, &told);
  if (!status.ok()) return database->Named(status);
  Json object;
  PutBytes(object, "tag", options.tag);
  object["deleted"] = true;
  database->Report(told, &object, console.err);
  if (options.json) console.out << object.dump() << '\n';
  return ExitCode::kOk;
}

// Rows of the store that one call of Maintain may free.
constexpr size_t kSweepBudget = 10'000;

// Opens every namespace that the file knows, so that Redis is told of each.
absl::Status OpenAll(Database& database) {
  if (!database.has_file()) {
    return absl::InvalidArgumentError("--all: needs --db, which knows the namespaces");
  }
  absl::StatusOr<std::vector<Backing::Count>> counts = database.backing().CountRows();
  if (!counts.ok()) return counts.status();
  for (const Backing::Count& count : *counts) {
    const Namespace space = database.cache().In(count.namespace_name);
    if (!space.status().ok()) return space.status();
  }
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> RunClear(const AdminOptions& options, Console& console) {
  if (absl::Status status = CheckName("namespace", options.namespace_name); !status.ok()) {
    return status;
  }
  absl::StatusOr<Database> database = Database::Open(options, Access::kChange);
  if (!database.ok()) return database.status();
  Cache& cache = database->cache();
  Coherence told = Coherence::kLocal;
  absl::Status status;
  if (options.all) {
    status = OpenAll(*database);
    if (status.ok()) status = cache.ClearAll(&told);
  } else {
    status = database->space().Clear(&told);
  }
  if (!status.ok()) return database->Named(status);
  // The rows are gone; now their space, which no running program needs to wait for.
  while (cache.Maintain(kSweepBudget)) {
  }
  Json object;
  if (!options.all) PutBytes(object, "namespace", options.namespace_name);
  object["all"] = options.all;
  object["cleared"] = true;
  database->Report(told, &object, console.err);
  if (options.json) console.out << object.dump() << '\n';
  return ExitCode::kOk;
}

// The database and its write-ahead log.
uint64_t FileBytes(const std::string& file) {
  uint64_t bytes = 0;
  for (const char* suffix : {"", "-wal"}) {
    std::error_code missing;
    const uintmax_t size = std::filesystem::file_size(file + suffix, missing);
    if (!missing) bytes += size;
  }
  return bytes;
}

absl::StatusOr<ExitCode> RunStats(const AdminOptions& options, Console& console) {
  absl::StatusOr<Database> database = Database::Open(options, Access::kRead);
  if (!database.ok()) return database.status();
  absl::StatusOr<std::vector<Backing::Count>> counts = database->backing().CountRows();
  if (!counts.ok()) return database->Named(counts.status());
  std::sort(counts->begin(), counts->end(), [](const Backing::Count& a, const Backing::Count& b) {
    return a.namespace_name < b.namespace_name;
  });

  Backing::Count total;
  for (const Backing::Count& count : *counts) {
    total.rows += count.rows;
    total.value_bytes += count.value_bytes;
  }
  if (options.json) {
    Json object;
    PutBytes(object, "file", options.file);
    object["file_bytes"] = FileBytes(options.file);
    object["rows"] = total.rows;
    object["value_bytes"] = total.value_bytes;
    object["namespaces"] = Json::array();
    for (const Backing::Count& count : *counts) {
      Json item;
      PutBytes(item, "namespace", count.namespace_name);
      item["rows"] = count.rows;
      item["value_bytes"] = count.value_bytes;
      object["namespaces"].push_back(std::move(item));
    }
    console.out << object.dump() << '\n';
    return ExitCode::kOk;
  }
  TextTable table;
  table.Add({"namespace", "rows", "value bytes"});
  for (const Backing::Count& count : *counts) {
    table.Add({EscapeLine(count.namespace_name), FormatCount(count.rows),
               FormatCount(count.value_bytes)});
  }
  table.Add({"(all)", FormatCount(total.rows), FormatCount(total.value_bytes)});
  table.Print(console.out);
  console.out << "file: " << FormatBytes(FileBytes(options.file)) << '\n';
  return ExitCode::kOk;
}

}  // namespace

void AddTags(CLI::App& parent, std::vector<Command>& commands) {
  CLI::App* tags = parent.add_subcommand("tags", "The labels of values");
  tags->require_subcommand(1);

  const auto show = std::make_shared<AdminOptions>();
  CLI::App* show_app = tags->add_subcommand("show", "List the tags of a key, a line each");
  AddText(*show_app, "KEY", &show->key, "The key")->required();
  AddDatabase(*show_app, show.get());
  AddNamespace(*show_app, show.get());
  commands.push_back({show_app, [show](Console& console) { return RunTagsShow(*show, console); }});

  const auto del = std::make_shared<AdminOptions>();
  CLI::App* del_app = tags->add_subcommand("delete", "Delete every row that carries a tag");
  AddText(*del_app, "TAG", &del->tag, "The tag")->required();
  AddTiers(*del_app, del.get());
  AddNamespace(*del_app, del.get());
  commands.push_back({del_app, [del](Console& console) { return RunTagsDelete(*del, console); }});
}

void AddClear(CLI::App& parent, std::vector<Command>& commands) {
  const auto options = std::make_shared<AdminOptions>();
  CLI::App* app = parent.add_subcommand("clear", "Delete all rows of a namespace, or of all");
  AddTiers(*app, options.get());
  AddNamespace(*app, options.get());
  app->add_flag("--all", options->all, "Every namespace")->excludes("--namespace");
  commands.push_back({app, [options](Console& console) { return RunClear(*options, console); }});
}

void AddStats(CLI::App& parent, std::vector<Command>& commands) {
  const auto options = std::make_shared<AdminOptions>();
  CLI::App* app = parent.add_subcommand("stats", "Count rows and bytes per namespace");
  AddDatabase(*app, options.get());
  commands.push_back({app, [options](Console& console) { return RunStats(*options, console); }});
}

}  // namespace trivet::cli
