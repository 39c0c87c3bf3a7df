#include "base/mapped_file.h"

#include <string>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "msrnn/error.h"

#include "base/temporary_folder.h"

namespace msrnn {
namespace {

std::string text(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

TEST(MappedFile, HoldsTheFilesBytes) {
  const testing::TemporaryFolder folder;
  for (const std::size_t size : {1u, 4095u, 4096u, 4097u, 100000u}) {
    std::string content(size, 'a');
    content.back() = 'z';
    EXPECT_EQ(text(MappedFile(folder.write("f", content))), content);
  }
}

TEST(MappedFile, OfAnEmptyFileIsEmpty) {
  const testing::TemporaryFolder folder;
  EXPECT_TRUE(MappedFile(folder.write("f", "")).bytes().empty());
}

TEST(MappedFile, MovesWithoutMovingTheBytes) {
  const testing::TemporaryFolder folder;
  MappedFile a(folder.write("a", "first"));
  MappedFile b(folder.write("b", "second"));
  const std::byte* data = a.bytes().data();
  MappedFile c(std::move(a));
  EXPECT_EQ(c.bytes().data(), data);
  b = std::move(c);
  EXPECT_EQ(b.bytes().data(), data);
  EXPECT_EQ(text(b), "first");
  MappedFile& same = b;
  b = std::move(same);
  EXPECT_EQ(text(b), "first");
}

TEST(MappedFile, StaysReadableWhenTheFileIsRemoved) {
  const testing::TemporaryFolder folder;
  const MappedFile file(folder.write("f", "content"));
  std::filesystem::remove(folder.path() / "f");
  EXPECT_EQ(text(file), "content");
}

TEST(MappedFile, RefusesWhatIsNotARegularFile) {
  const testing::TemporaryFolder folder;
  EXPECT_THROW(MappedFile(folder.path() / "missing"), Error);
  EXPECT_THROW(MappedFile(folder.path()), Error);
  EXPECT_THROW(MappedFile("/dev/null"), Error);
}

TEST(MappedFile, RefusesANamedPipeWithoutWaitingForIt) {
  const testing::TemporaryFolder folder;
  const auto pipe = folder.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THROW(MappedFile{pipe}, Error);
}

}  // namespace
}  // namespace msrnn
