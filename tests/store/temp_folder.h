// A folder for one test, gone with all that is in it afterwards.
#ifndef TRIVET_TESTS_STORE_TEMP_FOLDER_H_
#define TRIVET_TESTS_STORE_TEMP_FOLDER_H_

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>
#include <system_error>

namespace trivet::testing {

class TempFolder {
 public:
  TempFolder() {
    std::string name = ::testing::TempDir() + "trivet_store_XXXXXX";
    if (mkdtemp(name.data()) != nullptr) path_ = name;
    EXPECT_FALSE(path_.empty()) << "no temporary folder";
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }
  std::string File(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_STORE_TEMP_FOLDER_H_
