#include "bindings/cli/byte_source.h"

#include <cstddef>
#include <fstream>
#include <memory>
#include <random>
#include <string>

#include "bindings/cli/temporary_folder.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cli/trace_bytes.h"

namespace trivet::cli {
namespace {

using ::testing::HasSubstr;

// Everything the source yields, read in pieces of `step` bytes.
absl::StatusOr<std::string> ReadAll(ByteSource& source, size_t step) {
  std::string all;
  std::string buffer(step, '\0');
  while (true) {
    absl::StatusOr<size_t> got = source.Read(buffer);
    if (!got.ok()) return got.status();
    if (*got == 0) return all;
    all.append(buffer, 0, *got);
  }
}

std::string Noise(size_t size) {
  std::mt19937_64 random(5);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random() % 20);
  return bytes;
}

TEST(Decompress, YieldsTheContentWhateverThePieces) {
  const std::string content = Noise(300'000);
  const std::string frame = Compressed(content);
  for (const size_t step : {1u, 7u, 1000u, 65536u, 300'000u, 1'000'000u}) {
    absl::StatusOr<std::string> all = ReadAll(*Decompress(ReadFrom(frame)), step);
    ASSERT_TRUE(all.ok()) << step << ": " << all.status();
    EXPECT_TRUE(*all == content) << step;
  }
}

TEST(Decompress, FramesFollowEachOther) {
  const std::string frames = Compressed("one ") + Compressed("") + Compressed("two");
  for (const size_t step : {1u, 3u, 4u, 100u}) {
    absl::StatusOr<std::string> all = ReadAll(*Decompress(ReadFrom(frames)), step);
    ASSERT_TRUE(all.ok()) << step << ": " << all.status();
    EXPECT_EQ(*all, "one two");
  }
}

TEST(Decompress, EveryTruncationIsTold) {
  const std::string frame = Compressed(Noise(2000));
  for (size_t size = 1; size < frame.size(); ++size) {
    const std::string cut = frame.substr(0, size);
    const absl::Status status = ReadAll(*Decompress(ReadFrom(cut)), 512).status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << size << ": " << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("compressed byte"));
  }
}

TEST(Decompress, GarbageIsTold) {
  const std::string whole = Compressed("content");
  const std::string garbage = whole + "garbage";
  const absl::Status status = ReadAll(*Decompress(ReadFrom(garbage)), 512).status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
}

TEST(OpenFile, ReadsAFileAndNamesItsTroubles) {
  absl::StatusOr<TemporaryFolder> folder = TemporaryFolder::Create();
  ASSERT_TRUE(folder.ok()) << folder.status();
  const std::string path = folder->path() + "/file";
  const std::string content = Noise(10'000);
  std::ofstream(path, std::ios::binary) << content;
  absl::StatusOr<std::unique_ptr<ByteSource>> file = OpenFile(path);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(*ReadAll(**file, 999), content);

  EXPECT_TRUE(absl::IsNotFound(OpenFile(path + ".not").status()));
  absl::StatusOr<std::unique_ptr<ByteSource>> directory = OpenFile(folder->path());
  ASSERT_TRUE(directory.ok());
  EXPECT_THAT(std::string(ReadAll(**directory, 10).status().message()), HasSubstr("byte 0"));
}

}  // namespace
}  // namespace trivet::cli
