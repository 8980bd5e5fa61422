// What OpenSqlite accepts, refuses and leaves alone.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/store/raw_database.h"
#include "tests/store/temp_folder.h"
#include "tests/support/backing_rows.h"
#include "trivet/sqlite_backing.h"

namespace trivet::testing {
namespace {

std::string BytesOf(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void WriteBytes(const std::string& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary) << bytes;
}

std::string PermissionsOf(const std::string& file) {
  struct stat about {};
  if (stat(file.c_str(), &about) != 0) return "none";
  return std::to_string((about.st_mode >> 6) & 7) + std::to_string((about.st_mode >> 3) & 7) +
         std::to_string(about.st_mode & 7);
}

// The tests may run as root, whom permissions do not stop; here they do.
class AsNobody {
 public:
  AsNobody() : before_(geteuid()) { EXPECT_TRUE(before_ != 0 || seteuid(kNobody) == 0); }
  AsNobody(const AsNobody&) = delete;
  AsNobody& operator=(const AsNobody&) = delete;
  ~AsNobody() { EXPECT_TRUE(before_ != 0 || seteuid(before_) == 0); }

 private:
  static constexpr uid_t kNobody = 65534;
  const uid_t before_;
};

class SqliteOpenTest : public ::testing::Test {
 protected:
  static absl::Status Open(SqliteOptions options) {
    options.busy_timeout = absl::ZeroDuration();
    return OpenSqlite(options).status();
  }

  static std::unique_ptr<Backing> MustOpen(SqliteOptions options) {
    auto opened = OpenSqlite(options);
    EXPECT_TRUE(opened.ok()) << opened.status();
    return opened.ok() ? *std::move(opened) : nullptr;
  }

  // A closed database with the row users/a = 1 and 500 others, and a logged change.
  void MakeDatabase() {
    auto backing = MustOpen({.path = file_});
    ASSERT_TRUE(backing->Clear("users", 7).ok());
    ASSERT_TRUE(WriteRow(*backing, "users", Row("a", "1")).ok());
    std::vector<std::string> keys;
    for (int i = 0; i < 500; ++i) keys.push_back("key" + std::to_string(i));
    std::vector<StoreWrite> rows;
    const std::string value(100, 'x');
    for (const std::string& key : keys) rows.push_back(Row(key, value));
    ASSERT_TRUE(backing->Write("many", rows).ok());
  }

  TempFolder folder_;
  const std::string file_ = folder_.File("test.db");
};

// --- Options ------------------------------------------------------------------------------------

TEST_F(SqliteOpenTest, ABadOptionIsNamed) {
  const std::pair<SqliteOptions, std::string> bad[] = {
      {{.path = ""}, "path"},
      {{.path = ":memory:"}, "path"},
      {{.path = std::string("a\0b", 3)}, "path"},
      {{.path = file_, .readers = 0}, "readers"},
      {{.path = file_, .readers = 65}, "readers"},
      {{.path = file_, .busy_timeout = -absl::Seconds(1)}, "busy_timeout"},
      {{.path = file_, .busy_timeout = absl::Minutes(2)}, "busy_timeout"},
  };
  for (const auto& [options, field] : bad) {
    const absl::Status status = OpenSqlite(options).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_EQ(status.message().find(field + ":"), 0) << status;
  }
  EXPECT_FALSE(std::filesystem::exists(file_));
}

// --- Files --------------------------------------------------------------------------------------

TEST_F(SqliteOpenTest, ANewFileAndItsCompanionsBelongToTheirOwnerAlone) {
  auto backing = MustOpen({.path = file_});
  ASSERT_TRUE(WriteRow(*backing, "users", Row("a", "1")).ok());
  EXPECT_EQ(PermissionsOf(file_), "600");
  EXPECT_EQ(PermissionsOf(file_ + "-wal"), "600");
  EXPECT_EQ(PermissionsOf(file_ + "-shm"), "600");
}

TEST_F(SqliteOpenTest, RowsOutliveTheBackingAndVersionsGrowOn) {
  MakeDatabase();
  auto backing = MustOpen({.path = file_, .create = false});
  EXPECT_EQ(ValueAt(*backing, "users", "a"), "1");
  const StoreWrite row = Row("b", "2");
  EXPECT_EQ((*backing->Write("users", {&row, 1}))[0].version, 502);
}

TEST_F(SqliteOpenTest, WithoutCreateAMissingFileIsNotFound) {
  EXPECT_TRUE(absl::IsNotFound(Open({.path = file_, .create = false})));
  EXPECT_TRUE(absl::IsNotFound(Open({.path = file_, .read_only = true})));
  EXPECT_FALSE(std::filesystem::exists(file_));
}

TEST_F(SqliteOpenTest, AMissingFolderIsNotFound) {
  const absl::Status status = Open({.path = folder_.File("no/such.db")});
  EXPECT_TRUE(absl::IsNotFound(status)) << status;
  EXPECT_NE(status.message().find("no/such.db"), std::string::npos) << status;
  WriteBytes(file_, "");
  EXPECT_TRUE(absl::IsNotFound(Open({.path = file_ + "/below.db"})));
}

TEST_F(SqliteOpenTest, AFolderIsNoDatabase) {
  EXPECT_TRUE(absl::IsFailedPrecondition(Open({.path = folder_.path()})));
}

TEST_F(SqliteOpenTest, NamesThatSqliteWouldInterpretAreFilesAllTheSame) {
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder_.path());
  const std::string names[] = {"file:x?mode=memory", ":temp:", "file::memory:", "plain.db"};
  for (const std::string& name : names) {
    auto backing = MustOpen({.path = name});
    EXPECT_TRUE(WriteRow(*backing, "users", Row("a", name)).ok());
    EXPECT_TRUE(std::filesystem::exists(folder_.File(name))) << name;
  }
  std::filesystem::current_path(before);
  for (const std::string& name : names) {
    EXPECT_EQ(ValueAt(*MustOpen({.path = folder_.File(name)}), "users", "a"), name);
  }
}

TEST_F(SqliteOpenTest, NoFileIsCreatedAtTheEndOfALink) {
  const std::string target = folder_.File("target");
  std::filesystem::create_symlink(target, file_);
  EXPECT_TRUE(absl::IsNotFound(Open({.path = file_})));
  EXPECT_FALSE(std::filesystem::exists(target));
}

// --- Not ours -----------------------------------------------------------------------------------

TEST_F(SqliteOpenTest, TheDatabaseOfAnotherProgramIsLeftAlone) {
  {
    RawDatabase other(file_);
    other.Run("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)");
  }
  const std::string before = BytesOf(file_);
  const absl::Status status = Open({.path = file_});
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_TRUE(absl::IsFailedPrecondition(Open({.path = file_, .read_only = true})));
  EXPECT_EQ(BytesOf(file_), before);

  RawDatabase(file_).Run("DROP TABLE theirs; PRAGMA application_id = 77");
  EXPECT_TRUE(absl::IsFailedPrecondition(Open({.path = file_})));
  RawDatabase(file_).Run("PRAGMA application_id = 0; PRAGMA user_version = 1");
  EXPECT_TRUE(absl::IsFailedPrecondition(Open({.path = file_})));
}

TEST_F(SqliteOpenTest, TheDatabaseOfANewerTrivetIsLeftAlone) {
  MakeDatabase();
  RawDatabase(file_).Run("PRAGMA user_version = 1000");
  const absl::Status status = Open({.path = file_});
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_NE(status.message().find("1000"), std::string::npos) << status;
  EXPECT_EQ(RawDatabase(file_).Ask("PRAGMA user_version"), "1000");
}

TEST_F(SqliteOpenTest, AnEmptyFileIsANewDatabaseButNotForReadingOnly) {
  WriteBytes(file_, "");
  EXPECT_TRUE(absl::IsFailedPrecondition(Open({.path = file_, .read_only = true})));
  EXPECT_TRUE(Open({.path = file_}).ok());
}

// --- Damaged ------------------------------------------------------------------------------------

TEST_F(SqliteOpenTest, AFileThatIsNoDatabaseIsDataLossAndLeftAlone) {
  const std::string texts[] = {"x", "Dear diary,\n", std::string(100'000, 't')};
  for (const std::string& text : texts) {
    WriteBytes(file_, text);
    const absl::Status status = Open({.path = file_});
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    EXPECT_TRUE(absl::IsDataLoss(Open({.path = file_, .read_only = true})));
    EXPECT_EQ(BytesOf(file_), text);
  }
}

TEST_F(SqliteOpenTest, AFileThatWasCutShortIsDataLoss) {
  MakeDatabase();
  const std::string whole = BytesOf(file_);
  for (const size_t size : {whole.size() / 2, whole.size() - 4096, size_t{4096}}) {
    WriteBytes(file_, whole.substr(0, size));
    const absl::Status status = Open({.path = file_});
    EXPECT_TRUE(absl::IsDataLoss(status)) << size << ": " << status;
  }
}

TEST_F(SqliteOpenTest, ADamagedPageIsDataLossForThoseWhoNeedIt) {
  MakeDatabase();
  const int page = std::stoi(
      RawDatabase(file_).Ask("SELECT rootpage FROM sqlite_schema WHERE name = 'trivet_rows'"));
  std::string bytes = BytesOf(file_);
  for (int i = 0; i < 4096; ++i) bytes[static_cast<size_t>((page - 1) * 4096 + i)] = '\x5a';
  WriteBytes(file_, bytes);

  auto backing = MustOpen({.path = file_});
  const std::string_view keys[] = {"a"};
  const absl::Status answers[] = {
      backing->Read("users", "a").status(), backing->ReadMany("users", keys).status(),
      WriteRow(*backing, "users", Row("a", "secret")), backing->Delete("users", keys).status(),
      backing->CountRows().status()};
  for (const absl::Status& status : answers) {
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    EXPECT_NE(status.message().find(file_), std::string::npos) << status;
    EXPECT_EQ(status.message().find("secret"), std::string::npos) << status;
  }
}

TEST_F(SqliteOpenTest, TagsThatCannotBeDecodedAreDataLoss) {
  MakeDatabase();
  RawDatabase(file_).Run("UPDATE trivet_rows SET tags = X'FF41' WHERE key = X'61'");
  auto backing = MustOpen({.path = file_});
  const std::string_view keys[] = {"a"};
  EXPECT_TRUE(absl::IsDataLoss(backing->Read("users", "a").status()));
  EXPECT_TRUE(absl::IsDataLoss(backing->Delete("users", keys).status()));
  const StoreWrite rows[] = {Row("b", "2"), Row("a", "2")};
  EXPECT_TRUE(absl::IsDataLoss(backing->Write("users", rows).status()));
  EXPECT_EQ(ValueAt(*backing, "users", "b"), "-");
}

TEST_F(SqliteOpenTest, ATagOfARowThatDoesNotExistIsDataLoss) {
  MakeDatabase();
  const std::string tags[] = {"red"};
  {
    auto backing = MustOpen({.path = file_});
    ASSERT_TRUE(WriteRow(*backing, "users", TaggedRow("b", "2", tags)).ok());
  }
  RawDatabase(file_).Run("DELETE FROM trivet_rows WHERE key = X'62'");
  auto backing = MustOpen({.path = file_});
  EXPECT_TRUE(absl::IsDataLoss(backing->DeleteTag("users", "red").status()));
  EXPECT_EQ(ValueAt(*backing, "users", "a"), "1");
}

TEST_F(SqliteOpenTest, WithoutTheTableOfTagsNothingThatHasSomeIsHalfDone) {
  MakeDatabase();
  const std::string tags[] = {"red"};
  auto backing = MustOpen({.path = file_});
  ASSERT_TRUE(WriteRow(*backing, "cleared", TaggedRow("b", "2", tags)).ok());
  ASSERT_TRUE(backing->Clear("cleared").ok());
  backing.reset();
  RawDatabase(file_).Run("DROP TABLE trivet_tags");
  backing = MustOpen({.path = file_});
  EXPECT_TRUE(absl::IsDataLoss(WriteRow(*backing, "users", TaggedRow("c", "3", tags))));
  EXPECT_EQ(ValueAt(*backing, "users", "c"), "-");
  EXPECT_TRUE(absl::IsDataLoss(backing->Sweep(10).status()));
  EXPECT_EQ(RawDatabase(file_).Ask("SELECT count(*) FROM trivet_cleared"), "1");
}

TEST_F(SqliteOpenTest, MissingTablesAndRowsOfOursAreDataLoss) {
  MakeDatabase();
  auto backing = MustOpen({.path = file_});
  RawDatabase(file_).Run("DELETE FROM trivet_versions");
  EXPECT_TRUE(absl::IsDataLoss(WriteRow(*backing, "users", Row("a", "2"))));
  EXPECT_EQ(ValueAt(*backing, "users", "a"), "1");
  backing.reset();
  RawDatabase(file_).Run("DROP TABLE trivet_rows");
  backing = MustOpen({.path = file_});
  EXPECT_TRUE(absl::IsDataLoss(backing->Read("users", "a").status()));
}

// --- For reading only ---------------------------------------------------------------------------

TEST_F(SqliteOpenTest, ForReadingOnlyEveryChangeIsDenied) {
  MakeDatabase();
  auto backing = MustOpen({.path = file_, .read_only = true});
  const std::string before = RawDatabase(file_).Dump();
  const std::string_view keys[] = {"a"};
  const uint64_t tickets[] = {7};
  EXPECT_EQ(ValueAt(*backing, "users", "a"), "1");
  EXPECT_EQ(backing->CountRows()->size(), 2);
  EXPECT_EQ(LogOf(*backing), std::vector<std::string>{"7 users clear"});
  EXPECT_TRUE(backing->TrimChangeLog({}).ok());
  const absl::Status answers[] = {WriteRow(*backing, "users", Row("a", "2")),
                                  backing->Delete("users", keys).status(),
                                  backing->Touch("users", "a", absl::Now()).status(),
                                  backing->DeleteTag("users", "t").status(),
                                  backing->Clear("users"),
                                  backing->ClearAll(),
                                  backing->TrimChangeLog(tickets),
                                  backing->Sweep(1).status()};
  for (const absl::Status& status : answers) {
    EXPECT_TRUE(absl::IsPermissionDenied(status)) << status;
  }
  EXPECT_EQ(RawDatabase(file_).Dump(), before);
}

TEST_F(SqliteOpenTest, AReaderSeesWhatAnotherBackingWrites) {
  MakeDatabase();
  auto reader = MustOpen({.path = file_, .read_only = true});
  auto writer = MustOpen({.path = file_});
  ASSERT_TRUE(WriteRow(*writer, "users", Row("a", "2")).ok());
  EXPECT_EQ(ValueAt(*reader, "users", "a"), "2");
  writer.reset();
  EXPECT_EQ(ValueAt(*reader, "users", "a"), "2");
}

TEST_F(SqliteOpenTest, AFileOneMayNotWriteIsPermissionDenied) {
  MakeDatabase();
  std::filesystem::permissions(folder_.path(), std::filesystem::perms{0777});
  std::filesystem::permissions(file_, std::filesystem::perms{0644});
  AsNobody nobody;
  const absl::Status status = Open({.path = file_});
  EXPECT_TRUE(absl::IsPermissionDenied(status)) << status;
  EXPECT_EQ(ValueAt(*MustOpen({.path = file_, .read_only = true}), "users", "a"), "1");
}

TEST_F(SqliteOpenTest, AFileOneMayNotReadIsPermissionDenied) {
  MakeDatabase();
  std::filesystem::permissions(folder_.path(), std::filesystem::perms{0777});
  std::filesystem::permissions(file_, std::filesystem::perms{0600});
  if (geteuid() != 0) GTEST_SKIP() << "the file is ours";
  AsNobody nobody;
  const absl::Status status = Open({.path = file_});
  EXPECT_TRUE(absl::IsPermissionDenied(status)) << status;
  EXPECT_TRUE(absl::IsPermissionDenied(Open({.path = file_, .read_only = true})));
}

TEST_F(SqliteOpenTest, AFolderOneMayNotWriteIsPermissionDenied) {
  std::filesystem::permissions(folder_.path(), std::filesystem::perms{0755});
  if (geteuid() != 0) GTEST_SKIP() << "the folder is ours";
  AsNobody nobody;
  const absl::Status status = Open({.path = file_});
  EXPECT_TRUE(absl::IsPermissionDenied(status)) << status;
}

TEST_F(SqliteOpenTest, OnAFileSystemWithoutWritingTheErrorSaysSo) {
  MakeDatabase();
  const char* folder = folder_.path().c_str();
  if (mount(folder, folder, nullptr, MS_BIND, nullptr) != 0 ||
      mount(nullptr, folder, nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) != 0) {
    GTEST_SKIP() << "may not mount";
  }
  const absl::Status for_writing = Open({.path = file_});
  const absl::Status for_reading = Open({.path = file_, .read_only = true});
  const absl::Status for_creating = Open({.path = folder_.File("new.db")});
  EXPECT_EQ(umount(folder), 0);
  EXPECT_TRUE(absl::IsPermissionDenied(for_writing)) << for_writing;
  EXPECT_TRUE(absl::IsPermissionDenied(for_creating)) << for_creating;
  // Readers, too, need a file beside the database for the memory they share.
  EXPECT_TRUE(absl::IsPermissionDenied(for_reading)) << for_reading;
}

// --- Locked -------------------------------------------------------------------------------------

TEST_F(SqliteOpenTest, ADatabaseThatSomebodyKeepsForHimselfIsUnavailable) {
  MakeDatabase();
  {
    RawDatabase other(file_);
    other.Run("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
    const absl::Status status = Open({.path = file_});
    EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  }
  EXPECT_TRUE(Open({.path = file_}).ok());
}

}  // namespace
}  // namespace trivet::testing
