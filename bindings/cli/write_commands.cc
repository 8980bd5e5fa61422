// set and del: change what is stored.
#include <istream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "bindings/cli/command.h"
#include "bindings/cli/database.h"
#include "bindings/cli/json_text.h"
#include "trivet/cache.h"

namespace trivet::cli {
namespace {

struct SetCommandOptions : DatabaseOptions {
  std::string key;
  std::string value;
  std::optional<absl::Duration> ttl;
  std::vector<std::string> tags;
  bool if_absent = false;
  bool if_present = false;
  std::optional<uint64_t> if_version;
};

struct DelCommandOptions : DatabaseOptions {
  std::vector<std::string> keys;
};

absl::Status Check(const SetCommandOptions& options) {
  absl::Status status = CheckKey(options.key);
  if (status.ok()) status = CheckName("namespace", options.namespace_name);
  for (const std::string& tag : options.tags) {
    if (status.ok()) status = CheckName("--tag", tag);
  }
  return status;
}

SetOptions ForSet(const SetCommandOptions& options) {
  SetOptions set;
  set.ttl = options.ttl;
  set.tags = options.tags;
  if (options.if_absent) set.when = SetWhen::kIfAbsent;
  if (options.if_present) set.when = SetWhen::kIfPresent;
  if (options.if_version.has_value()) {
    set.when = SetWhen::kIfVersion;
    set.if_version = *options.if_version;
  }
  return set;
}

absl::StatusOr<std::string> ReadAll(std::istream& in) {
  std::string bytes;
  std::string buffer(1 << 20, '\0');
  while (in.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) || in.gcount() > 0) {
    bytes.append(buffer, 0, static_cast<size_t>(in.gcount()));
    if (bytes.size() > kValueBytesCeiling) {
      return absl::InvalidArgumentError(
          absl::StrCat("VALUE: standard input has more than ", kValueBytesCeiling, " bytes"));
    }
  }
  if (in.bad()) return absl::InternalError("VALUE: cannot read standard input");
  return bytes;
}

absl::StatusOr<ExitCode> RunSet(const SetCommandOptions& options, Console& console) {
  if (absl::Status status = Check(options); !status.ok()) return status;
  absl::StatusOr<std::string> value = options.value;
  if (options.value == "-") value = ReadAll(console.in);
  if (!value.ok()) return value.status();

  absl::StatusOr<Database> database = Database::Open(options, Access::kCreate);
  if (!database.ok()) return database.status();
  absl::StatusOr<SetResult> result = database->space().Set(options.key, *value, ForSet(options));
  if (!result.ok()) return database->Named(result.status());

  Json object;
  PutBytes(object, "key", options.key);
  object["applied"] = result->applied;
  object["version"] = result->version;
  database->Report(result->coherence, &object, console.err);
  if (options.json) {
    console.out << object.dump() << '\n';
  } else if (!result->applied) {
    console.err << "trivet set: not set, the condition does not hold: " << EscapeLine(options.key)
                << '\n';
  }
  return result->applied ? ExitCode::kOk : ExitCode::kNotFound;
}

absl::StatusOr<ExitCode> RunDel(const DelCommandOptions& options, Console& console) {
  absl::Status status = CheckName("namespace", options.namespace_name);
  for (const std::string& key : options.keys) {
    if (status.ok()) status = CheckKey(key);
  }
  if (!status.ok()) return status;

  absl::StatusOr<Database> database = Database::Open(options, Access::kChange);
  if (!database.ok()) return database.status();
  const std::vector<std::string_view> keys(options.keys.begin(), options.keys.end());
  // Redis does not say what it deleted, memory does.
  if (!database->has_file()) (void)database->Read(keys);
  Coherence told = Coherence::kLocal;
  absl::StatusOr<size_t> deleted = database->space().MDelete(keys, &told);
  if (!deleted.ok()) return database->Named(deleted.status());

  Json object;
  object["deleted"] = *deleted;
  object["missing"] = keys.size() - *deleted;
  database->Report(told, &object, console.err);
  if (options.json) {
    console.out << object.dump() << '\n';
  } else {
    console.out << "deleted " << *deleted << " of " << keys.size() << '\n';
  }
  return *deleted == keys.size() ? ExitCode::kOk : ExitCode::kNotFound;
}

}  // namespace

void AddSet(CLI::App& parent, std::vector<Command>& commands) {
  const auto options = std::make_shared<SetCommandOptions>();
  CLI::App* app = parent.add_subcommand("set", "Store a value; a missing database file is created");
  AddText(*app, "KEY", &options->key, "The key")->required();
  AddText(*app, "VALUE", &options->value, "The value; - reads it from standard input")->required();
  AddTiers(*app, options.get());
  AddNamespace(*app, options.get());
  AddTtl(*app, "--ttl", &options->ttl, "How long the value lives; for ever if not given");
  AddTexts(*app, "--tag", &options->tags, "Label the value; may be given several times");
  CLI::Option* if_absent =
      app->add_flag("--if-absent", options->if_absent, "Only if there is no such key");
  CLI::Option* if_present =
      app->add_flag("--if-present", options->if_present, "Only if there is such a key");
  app->add_option("--if-version", options->if_version, "Only if the key has this version")
      ->excludes(if_absent)
      ->excludes(if_present);
  if_absent->excludes(if_present);
  commands.push_back({app, [options](Console& console) { return RunSet(*options, console); }});
}

void AddDel(CLI::App& parent, std::vector<Command>& commands) {
  const auto options = std::make_shared<DelCommandOptions>();
  CLI::App* app = parent.add_subcommand("del", "Delete keys");
  AddTexts(*app, "KEY", &options->keys, "The keys")->required();
  AddTiers(*app, options.get());
  AddNamespace(*app, options.get());
  commands.push_back({app, [options](Console& console) { return RunDel(*options, console); }});
}

}  // namespace trivet::cli
