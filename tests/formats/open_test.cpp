#include <filesystem>
#include <fstream>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "msrnn/error.h"

#include "formats/small_gguf.h"
#include "formats/weight_file.h"

namespace msrnn {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class OpenWeightFile : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / fmt::format("msrnn_open_test.{}", ::getpid());
    std::filesystem::create_directory(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path write(std::string_view content) const {
    const auto path = folder_ / "model.gguf";
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }

  static void expect_refused(const std::filesystem::path& path, const std::string& reason) {
    try {
      open_weight_file(path);
      ADD_FAILURE() << "opened; expected: " << reason;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), AllOf(HasSubstr(path.string()), HasSubstr(reason)));
    }
  }

  std::filesystem::path folder_;
};

TEST_F(OpenWeightFile, OpensGguf) {
  const testing::GgufBytes built = testing::small_gguf().build();
  const auto path = write({reinterpret_cast<const char*>(built.bytes.data()), built.bytes.size()});
  const auto file = open_weight_file(path);
  EXPECT_EQ(file->format(), "GGUF v3");
  EXPECT_EQ(file->metadata().integer("u8"), 200);
  const TensorView cube = file->require("cube", {2, 3, 4});
  EXPECT_EQ(cube.data[47], std::byte{47});
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(cube.data) % 32, 0u);
  ASSERT_NE(file->find("q4_1"), nullptr);
  EXPECT_EQ(file->find("q4"), nullptr);
}

TEST_F(OpenWeightFile, RequireNamesTheTensorAndTheShapes) {
  const testing::GgufBytes built = testing::small_gguf().build();
  const auto file =
      open_weight_file(write({reinterpret_cast<const char*>(built.bytes.data()), built.bytes.size()}));
  try {
    file->require("matrix", {5, 2});
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "tensor matrix: expected shape [5, 2], found [2, 5]");
  }
  EXPECT_THROW(file->require("matrix", {10}), Error);
  EXPECT_THROW(file->require("none", {1}), Error);
}

TEST_F(OpenWeightFile, SaysWhyAFileIsNoModel) {
  expect_refused(folder_ / "missing.gguf", "No such file");
  expect_refused(folder_, "a folder without config.json");
  expect_refused("/dev/null", "not a regular file");
  expect_refused(write(""), "the file is empty");
  expect_refused(write("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n"),
                 "Git LFS pointer");
  expect_refused(write(std::string("\x02\0\0\0\0\0\0\0{}", 10)), "safetensors without a config.json");
  expect_refused(write("PK\x03\x04zip"), "first bytes are 50 4b 03 04 7a 69 70");
  expect_refused(write("GG"), "first bytes are 47 47;");
  expect_refused(write("GGUF"), "the version takes 4 bytes, only 0 are left");
}

}  // namespace
}  // namespace msrnn
