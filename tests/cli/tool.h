// Runs the built tool as a user would: as a process of its own.
#ifndef TRIVET_TESTS_CLI_TOOL_H_
#define TRIVET_TESTS_CLI_TOOL_H_

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bindings/cli/temporary_folder.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

extern char** environ;

namespace trivet::cli {

struct ToolRun {
  int exit = -1;  // 128 + signal if it was killed
  std::string out;
  std::string err;

  // What it printed, as JSON. Discarded if it is none.
  nlohmann::json json() const { return nlohmann::json::parse(out, nullptr, false); }
};

inline std::string FileContent(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

inline void WriteFile(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

// A folder of its own for each test, in which the tool's streams are files too.
class ToolTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto folder = TemporaryFolder::Create();
    ASSERT_TRUE(folder.ok()) << folder.status();
    folder_.emplace(*std::move(folder));
  }

  std::string Path(const std::string& name) const { return folder_->path() + "/" + name; }

  ToolRun Run(std::vector<std::string> arguments, const std::string& input = "") const {
    const std::string in = Path(".in");
    const std::string out = Path(".out");
    const std::string err = Path(".err");
    WriteFile(in, input);

    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    constexpr int kWrite = O_WRONLY | O_CREAT | O_TRUNC;
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, in.c_str(), O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out.c_str(), kWrite, 0600);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, err.c_str(), kWrite, 0600);
    arguments.insert(arguments.begin(), TRIVET_TOOL_PATH);
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    pid_t pid = 0;
    const int spawned =
        posix_spawn(&pid, TRIVET_TOOL_PATH, &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    ToolRun run;
    EXPECT_EQ(spawned, 0) << TRIVET_TOOL_PATH;
    if (spawned != 0) return run;
    int status = 0;
    EXPECT_EQ(waitpid(pid, &status, 0), pid);
    run.exit = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    run.out = FileContent(out);
    run.err = FileContent(err);
    return run;
  }

 private:
  std::optional<TemporaryFolder> folder_;
};

}  // namespace trivet::cli

#endif  // TRIVET_TESTS_CLI_TOOL_H_
