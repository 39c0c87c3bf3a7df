#include "eval/result_file.h"

#include <csignal>
#include <fstream>
#include <iterator>
#include <sys/resource.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "msrnn/error.h"

#include "base/temporary_folder.h"

namespace msrnn::testing {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::ordered_json;

class ResultFileTest : public ::testing::Test {
 protected:
  std::string content() const {
    std::ifstream in(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  void write(const std::string& bytes) const { std::ofstream(path_, std::ios::binary) << bytes; }

  const TemporaryFolder folder_;
  const std::filesystem::path path_ = folder_.path() / "results.jsonl";
  const Json run_ = {{"experiment", "lm"}, {"options", {{"context", 64}, {"policy", "tova"}}}};
};

TEST_F(ResultFileTest, AnyCutGoesOnToTheWholeFile) {
  const auto finish = [&] {
    ResultFile file(path_, run_);
    for (int i = 0; i < 4; ++i) {
      const std::string key = "chunk " + std::to_string(i);
      if (file.find(key) == nullptr) file.add(key, {{"nll", 0.1 * i}, {"text", "zwei\nZeilen é"}});
    }
  };
  finish();
  const std::string whole = content();
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    write(whole.substr(0, cut));
    finish();
    ASSERT_EQ(content(), whole) << "cut after " << cut;
  }
}

TEST_F(ResultFileTest, ReadsBackWhatWasAdded) {
  {
    ResultFile file(path_, run_);
    file.add("a", {{"value", 0.1}});
    EXPECT_EQ(file.find("a")->at("value"), 0.1);
    EXPECT_EQ(file.find("b"), nullptr);
    EXPECT_THROW(file.add("a", {}), Error);
  }
  const Results results = read_results(path_);
  EXPECT_EQ(results.run, run_);
  ASSERT_EQ(results.results.size(), 1u);
  EXPECT_EQ(results.results[0].dump(), R"({"key":"a","value":0.1})");
}

TEST_F(ResultFileTest, RefusesAnotherRunAndSaysWhatDiffers) {
  { const ResultFile file(path_, run_); }
  Json other = run_;
  other["options"]["context"] = 128;
  try {
    const ResultFile file(path_, other);
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("options.context: 64 in the file, 128 now"));
  }
  EXPECT_EQ(read_results(path_).run, run_);
}

TEST_F(ResultFileTest, RefusesASecondWriter) {
  const ResultFile file(path_, run_);
  EXPECT_THROW(ResultFile(path_, run_), Error);
}

TEST_F(ResultFileTest, RefusesAndKeepsWhatIsNoResultFile) {
  for (const std::string bytes : {"a text\n", "a text", "{\"run\":{}}\n[1]\n", "{\"run\":{}}\n{\"key\":3}\n",
                                  "{\"run\":{}}\n{\"key\":\"a\"\n{\"key\":\"b\"}\n"}) {
    write(bytes);
    EXPECT_THROW(ResultFile(path_, Json::object()), Error) << bytes;
    EXPECT_EQ(content(), bytes);
  }
}

TEST_F(ResultFileTest, RefusesWhatIsNoFile) {
  for (const std::filesystem::path& path : {std::filesystem::path("/dev/full"), folder_.path()}) {
    EXPECT_THROW(ResultFile(path, run_), Error) << path;
  }
}

TEST_F(ResultFileTest, SaysWhereAFolderIsMissing) {
  EXPECT_THROW(ResultFile(folder_.path() / "none" / "x.jsonl", run_), Error);
  EXPECT_THROW(read_results(folder_.path() / "none.jsonl"), Error);
  EXPECT_THROW(ResultFile("/dev/full", run_), Error);  // reading it would never end
}

// Files of this process end at so many bytes, as if the disk were full.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    previous_ = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit = {bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, previous_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_ = {};
  void (*previous_)(int) = nullptr;
};

TEST_F(ResultFileTest, AFullDiskLosesNothingThatWasFinished) {
  ResultFile file(path_, run_);
  file.add("a", {{"value", 1}});
  const std::string before = content();
  {
    const FileSizeLimit full(before.size() + 10);
    EXPECT_THROW(file.add("b", {{"value", 2}}), Error);
    EXPECT_EQ(content(), before);
    EXPECT_EQ(file.find("b"), nullptr);
  }
  file.add("b", {{"value", 2}});
  EXPECT_EQ(read_results(path_).results.size(), 2u);
}

}  // namespace
}  // namespace msrnn::testing
