#include "bindings/cli/command.h"

#include <utility>

#include "absl/status/status.h"
#include "bindings/cli/quantity.h"

namespace trivet::cli {
namespace {

// No argument of a process can hold it.
constexpr char kHidden = '\0';

std::string Show(std::string argument) {
  if (argument.ends_with(kHidden)) argument.pop_back();
  return argument;
}

// Declares an option that takes one argument and parses it with `parse`, a function that returns
// StatusOr<T>.
template <typename T, typename Parse>
CLI::Option* AddParsed(CLI::App& app, const std::string& name, T* value, const std::string& help,
                       const char* form, Parse parse) {
  const auto take = [name, value, parse](const CLI::results_t& results) {
    auto parsed = parse(Show(results.back()));
    if (!parsed.ok()) throw CLI::ValidationError(name, std::string(parsed.status().message()));
    *value = *std::move(parsed);
    return true;
  };
  return app.add_option(name, CLI::callback_t(take), help)->type_name(form)->expected(1);
}

}  // namespace

std::string Hide(std::string argument) {
  const bool list = argument.starts_with('[') && argument.ends_with(']');
  if (list || argument.empty()) argument += kHidden;
  return argument;
}

CLI::Option* AddText(CLI::App& app, const std::string& name, std::string* value,
                     const std::string& help) {
  return AddParsed(app, name, value, help, "TEXT",
                   [](std::string text) { return absl::StatusOr<std::string>(std::move(text)); });
}

CLI::Option* AddRedis(CLI::App& app, std::string* url, const std::string& help) {
  return AddText(app, "--redis", url, help)->type_name("URL")->envname("TRIVET_REDIS");
}

CLI::Option* AddTexts(CLI::App& app, const std::string& name, std::vector<std::string>* values,
                      const std::string& help) {
  const auto take = [values](const CLI::results_t& results) {
    values->clear();
    for (const std::string& result : results) values->push_back(Show(result));
    return true;
  };
  const bool positional = !name.starts_with('-');
  return app.add_option(name, CLI::callback_t(take), help)
      ->type_name("TEXT")
      ->expected(1, CLI::detail::expected_max_vector_size)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(positional);
}

CLI::Option* AddBytes(CLI::App& app, const std::string& name, size_t* value,
                      const std::string& help) {
  const auto parse = [](const std::string& text) -> absl::StatusOr<uint64_t> {
    absl::StatusOr<uint64_t> bytes = ParseBytes(text);
    if (bytes.ok() && *bytes == 0) return absl::InvalidArgumentError("must be more than 0");
    return bytes;
  };
  return AddParsed(app, name, value, help, "SIZE", parse);
}

CLI::Option* AddTtl(CLI::App& app, const std::string& name, std::optional<absl::Duration>* value,
                    const std::string& help) {
  return AddParsed(app, name, value, help, "DURATION", ParseTtl);
}

CLI::Option* AddJson(CLI::App& app, bool* value) {
  return app.add_flag("--json", *value, "Print one JSON object");
}

}  // namespace trivet::cli
