// Models split into several files: sets as tools write them, and broken ones.
#include "formats/gguf_split.h"

#include <filesystem>
#include <fstream>
#include <functional>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "msrnn/error.h"

#include "formats/small_gguf.h"

namespace msrnn {
namespace {

using testing::GgufBuilder;
using testing::GgufBytes;
using testing::GgufTensor;
using ::testing::HasSubstr;

// What one shard says about itself, and its tensors: vectors of 2 numbers.
struct Shard {
  std::uint16_t number = 0, count = 3;
  std::int32_t n_tensors = 5;
  std::vector<std::string> tensors;

  GgufBytes bytes() const {
    GgufBuilder builder;
    if (number == 0) builder.add("general.architecture", std::string("llama"));
    builder.add("split.no", number).add("split.count", count).add("split.tensors.count", n_tensors);
    for (const std::string& name : tensors) {
      std::vector<std::byte> data(8, static_cast<std::byte>(name.front()));
      builder.add_tensor(name, {2}, GgufTensor::f32, data);
    }
    return builder.build();
  }
};

class GgufSplit : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / fmt::format("msrnn_split_test.{}", ::getpid());
    std::filesystem::create_directory(folder_);
    shards_ = {{.number = 0, .tensors = {"a", "b"}},
               {.number = 1, .tensors = {"c"}},
               {.number = 2, .tensors = {"d", "e"}}};
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path path(int i) const { return folder_ / fmt::format("m-{:05}-of-00003.gguf", i + 1); }

  void write_file(const std::filesystem::path& to, const GgufBytes& file) const {
    std::ofstream out(to, std::ios::binary);
    out.write(reinterpret_cast<const char*>(file.bytes.data()),
              static_cast<std::streamsize>(file.bytes.size()));
  }
  void write() const {
    for (int i = 0; i < 3; ++i) write_file(path(i), shards_[static_cast<std::size_t>(i)].bytes());
  }

  // Opening any of the shards fails, and the error has all the words.
  void expect_refused(const std::vector<std::string>& words) const {
    for (int i = 0; i < 3; ++i) {
      if (std::filesystem::exists(path(i))) expect_refused(path(i), words);
    }
  }
  static void expect_refused(const std::filesystem::path& opened, const std::vector<std::string>& words) {
    try {
      open_weight_file(opened);
      ADD_FAILURE() << "opened " << opened;
    } catch (const Error& error) {
      for (const std::string& word : words) EXPECT_THAT(error.what(), HasSubstr(word)) << opened;
    }
  }

  std::filesystem::path folder_;
  std::vector<Shard> shards_;
};

TEST_F(GgufSplit, AnyShardOpensTheWholeModel) {
  write();
  for (int i = 0; i < 3; ++i) {
    const auto file = open_weight_file(path(i));
    EXPECT_EQ(file->format(), "GGUF v3, 3 files");
    EXPECT_EQ(file->metadata().text("general.architecture"), "llama");
    ASSERT_EQ(file->tensors().size(), 5u);
    for (std::size_t t = 0; t < 5; ++t) {
      const StoredTensor& tensor = file->tensors()[t];
      EXPECT_EQ(tensor.name, std::string(1, static_cast<char>('a' + t)));
      EXPECT_EQ(tensor.view.data[7], static_cast<std::byte>('a' + t));
    }
  }
}

TEST_F(GgufSplit, ShardsMayBeEmpty) {
  shards_[0].tensors.clear();
  for (Shard& shard : shards_) shard.n_tensors = 3;
  write();
  EXPECT_EQ(open_weight_file(path(0))->tensors().size(), 3u);
}

TEST_F(GgufSplit, AMergedOrOnlyFileIsAWholeModel) {
  for (const std::uint16_t count : {std::uint16_t{0}, std::uint16_t{1}}) {
    const Shard whole = {.count = count, .n_tensors = 1, .tensors = {"a"}};
    write_file(folder_ / "any name.gguf", whole.bytes());
    EXPECT_EQ(open_weight_file(folder_ / "any name.gguf")->format(), "GGUF v3");
  }
}

TEST_F(GgufSplit, AMissingShardIsNamed) {
  for (int missing = 0; missing < 3; ++missing) {
    write();
    std::filesystem::remove(path(missing));
    expect_refused({path(missing).string(), fmt::format("shard {} of 3 is missing", missing + 1)});
  }
}

TEST_F(GgufSplit, RenamedShardsAreRefused) {
  write();
  const auto renamed = folder_ / "model.gguf";
  std::filesystem::rename(path(1), renamed);
  expect_refused(renamed, {renamed.string(), "shard 2 of 3", "ends in -00002-of-00003.gguf"});
}

TEST_F(GgufSplit, ShardsInOneAnothersPlaceAreRefused) {
  std::swap(shards_[1], shards_[2]);
  write();
  expect_refused(path(0), {path(1).string(), "split.no: expected 1, found 2"});
  expect_refused(path(1), {path(1).string(), "this is shard 3 of 3", "ends in -00003-of-00003.gguf"});
}

TEST_F(GgufSplit, ShardsMustAgreeAboutTheirCounts) {
  const std::vector<Shard> good = shards_;
  shards_[1].count = 4;
  write();
  expect_refused(path(0), {path(1).string(), "split.count: expected 3, found 4"});
  expect_refused(path(1), {path(1).string(), "ends in -00002-of-00004.gguf"});
  shards_ = good;
  shards_[2].n_tensors = 6;
  write();
  expect_refused({path(2).string(), "split.tensors.count: expected 5, found 6"});
}

TEST_F(GgufSplit, TensorsThatOccurTwiceOrAreMissingAreRefused) {
  const std::vector<Shard> good = shards_;
  shards_[2].tensors = {"d", "a"};
  write();
  expect_refused({path(2).string(), "tensor \"a\" occurs in " + path(0).string()});
  for (const std::int32_t n : {4, 6, -1, 0}) {
    shards_ = good;
    for (Shard& shard : shards_) shard.n_tensors = n;
    write();
    expect_refused({path(0).string(), fmt::format("in all 3 shards, 5, found {}", n)});
  }
}

TEST_F(GgufSplit, DamagedShardsAreNamed) {
  write();
  std::filesystem::resize_file(path(2), std::filesystem::file_size(path(2)) - 60);
  expect_refused({path(2).string() + ": byte ", "truncated or damaged"});
  write_file(path(2), {});
  expect_refused(path(0), {path(2).string() + ": byte 0"});
}

TEST_F(GgufSplit, NumbersOfShardsAreChecked) {
  const auto with_pairs = [&](const std::function<void(GgufBuilder&)>& add) {
    GgufBuilder builder;
    add(builder);
    write_file(path(0), builder.build());
  };
  for (const std::int64_t count : {std::int64_t{-1}, std::int64_t{100000}, std::int64_t{1} << 62}) {
    with_pairs([&](GgufBuilder& b) { b.add("split.count", count).add("split.no", 0u); });
    expect_refused(path(0), {path(0).string(), fmt::format("found {}", count)});
  }
  for (const std::int64_t number : {std::int64_t{-1}, std::int64_t{3}, std::int64_t{1} << 62}) {
    with_pairs([&](GgufBuilder& b) { b.add("split.count", 3u).add("split.no", number); });
    expect_refused(path(0), {path(0).string(),
                             fmt::format("split.no: expected a number from 0 to 2, found {}", number)});
  }
  with_pairs([](GgufBuilder& b) { b.add("split.count", 3u); });
  expect_refused(path(0), {path(0).string(), "split.no"});
  with_pairs([](GgufBuilder& b) { b.add("split.count", std::string("3")); });
  expect_refused(path(0), {path(0).string(), "split.count: expected an integer, found a text"});
}

}  // namespace
}  // namespace msrnn
