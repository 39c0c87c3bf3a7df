#include "eval/texts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "msrnn/error.h"

#include "base/temporary_folder.h"

namespace msrnn::testing {
namespace {

using ::testing::HasSubstr;

std::string message_of(const std::vector<std::filesystem::path>& places) {
  try {
    read_texts(places);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Texts, AreTheFilesNamedAndThoseOfFolders) {
  const TemporaryFolder folder, other;
  folder.write("2.txt", "two");
  folder.write("10.txt", "ten");
  folder.write("index.tsv", "no text");
  const auto alone = other.write("Ünï.text", "grün");
  const std::vector<Text> texts = read_texts(std::vector{alone, folder.path()});
  ASSERT_EQ(texts.size(), 3u);
  EXPECT_EQ(texts[0].name, "Ünï");
  EXPECT_EQ(texts[0].bytes, "grün");
  EXPECT_EQ(texts[1].name, "10");
  EXPECT_EQ(texts[2].bytes, "two");
}

TEST(Texts, OfARelease) {
  const TemporaryFolder release;
  for (const char* part : {"test", "train"}) std::filesystem::create_directory(release.path() / part);
  release.write("test/10146.txt", "held out");
  release.write("train/1.txt", "learnt");
  release.write("metadata.csv", "10146");
  const std::vector<Text> texts = read_texts(std::vector{release.path()});
  ASSERT_EQ(texts.size(), 1u);
  EXPECT_EQ(texts[0].bytes, "held out");
  release.write("own.txt", "own");
  EXPECT_EQ(read_texts(std::vector{release.path()}).at(0).name, "own");
}

TEST(Texts, SayWhatIsWrong) {
  const TemporaryFolder folder, empty;
  EXPECT_THAT(message_of({folder.path() / "none"}), HasSubstr("none"));
  EXPECT_THAT(message_of({empty.path()}), HasSubstr("found none"));
  EXPECT_THAT(message_of({folder.write("empty.txt", "")}), HasSubstr("empty.txt: is empty"));
  EXPECT_THAT(message_of({folder.write("binary.txt", {"ab\0c", 4})}),
              HasSubstr("binary.txt: is no UTF-8 text: byte 2"));
  EXPECT_THAT(message_of({folder.write("latin.txt", "caf\xe9")}), HasSubstr("byte 3"));
  EXPECT_THAT(message_of({"/dev/zero"}), HasSubstr("/dev/zero"));
  const auto one = folder.write("one.txt", "x"), same = empty.write("one.md", "y");
  EXPECT_THAT(message_of({one, same}), HasSubstr("another text is named one too"));
}

}  // namespace
}  // namespace msrnn::testing
