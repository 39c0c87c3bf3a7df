#include "eval/long_stream.h"

#include <cmath>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "msrnn/error.h"

#include "base/temporary_folder.h"
#include "conformance/reading.h"
#include "eval/trace.h"
#include "runtime/tiny_engine.h"

namespace msrnn::testing {
namespace {

using Json = nlohmann::ordered_json;

class LongStreamTest : public ::testing::Test {
 protected:
  ResultFile open(const char* name = "stream.jsonl") const { return {folder_.path() / name, Json{{"x", 1}}}; }
  Results read(const char* name) const { return read_results(folder_.path() / name); }

  const TemporaryFolder folder_;
  const Engine engine_ = tiny_engine();
  const std::vector<Book> books_ = {{"a", random_tokens(100, 1)}, {"b", random_tokens(110, 2)}};
  LongStreamOptions options_ = {
      .settings = every_setting(std::vector<std::string>{"full", "h2o", "window+2"}, std::vector<int>{8}),
      .positions = {"absolute", "in-cache"},
      .tokens = 90,
      .bin = 16,
      .state_type = "f32",
      .snapshot = folder_.path() / "snapshot"};
};

TEST_F(LongStreamTest, GivesTheLossesOfOneUnbrokenRun) {
  ResultFile results = open();
  measure_long_streams(engine_, books_, options_, results);
  for (const StreamRun& run : stream_runs(options_)) {
    for (const Book& book : books_) {
      SCOPED_TRACE(run.key() + book.name);
      StateOptions state_options{.policy = run.setting.policy, .type = "f32", .positions = run.positions};
      if (run.setting.size != 0) state_options.capacity = run.setting.size;
      MultiState state(engine_.model, state_options);
      const Trace expected = trace(engine_.model, state, std::span(book.tokens).first(90));
      for (std::size_t bin = 0; bin < 6; ++bin) {
        const Json& row = *results.find(run.key() + "/" + book.name + "/" + std::to_string(bin));
        double sum = 0;
        for (std::size_t i = 16 * bin; i < std::min<std::size_t>(89, 16 * (bin + 1)); ++i)
          sum += static_cast<double>(expected.nll[i]);
        EXPECT_EQ(row["tokens"], bin == 5 ? 9 : 16);
        EXPECT_EQ(row["first"], 16 * bin);
        EXPECT_NEAR(row["nll_sum"].get<double>(), sum, 1e-4);
      }
    }
  }
  EXPECT_FALSE(std::filesystem::exists(options_.snapshot));
}

TEST_F(LongStreamTest, ReadsWhatKeepsEverythingInOneModeOnly) {
  std::vector<std::string> keys;
  for (const StreamRun& run : stream_runs(options_)) keys.push_back(run.key());
  EXPECT_EQ(keys, (std::vector<std::string>{"full/absolute", "h2o/8/absolute", "h2o/8/in-cache",
                                            "window+2/8/absolute", "window+2/8/in-cache"}));
}

TEST_F(LongStreamTest, SummarisesBinsOverBooks) {
  ResultFile results = open();
  measure_long_streams(engine_, books_, options_, results);
  double all = 0;
  for (int bin = 0; bin < 6; ++bin) {
    const std::string number = std::to_string(bin);
    const double sum = results.find("h2o/8/in-cache/a/" + number)->at("nll_sum").get<double>() +
                       results.find("h2o/8/in-cache/b/" + number)->at("nll_sum").get<double>();
    const Json& row = *results.find("summary/h2o/8/in-cache/" + number);
    EXPECT_NEAR(std::log(row["perplexity"].get<double>()), sum / (bin == 5 ? 18 : 32), 1e-9);
    EXPECT_EQ(row["parts"], 2);
    all += sum;
  }
  EXPECT_NEAR(results.find("summary/h2o/8/in-cache")->at("perplexity").get<double>(), std::exp(all / 178),
              1e-9);
}

// Stopped after every so many bins, with the snapshot as it is then, without it, and with one of another
// book.
TEST_F(LongStreamTest, GoesOnWhereItWasStopped) {
  {
    ResultFile results = open();
    measure_long_streams(engine_, books_, options_, results);
  }
  struct Stop {};
  int snapshots = 0;
  const std::filesystem::path saved = options_.snapshot / "state", other = folder_.path() / "other";
  for (const bool keep : {true, false}) {
    const char* name = keep ? "kept.jsonl" : "lost.jsonl";
    for (bool done = false; !done;) {
      ResultFile results = open(name);
      const std::size_t before = results.size();
      options_.progress = [&](const LanguageModellingProgress& progress) {
        EXPECT_LE(progress.tokens_read, progress.tokens_total);
        if (results.size() > before + 3) throw Stop{};
      };
      try {
        measure_long_streams(engine_, books_, options_, results);
        done = true;
      } catch (const Stop&) {
        snapshots += std::filesystem::exists(saved);
        if (!keep && std::filesystem::exists(other))
          std::filesystem::copy_file(other, saved, std::filesystem::copy_options::overwrite_existing);
        if (!keep && !std::filesystem::exists(other)) std::filesystem::copy_file(saved, other);
        std::ofstream(options_.snapshot / "state.aB3xYz") << "half written";
      }
    }
    EXPECT_EQ(read(name).results, read("stream.jsonl").results);
    EXPECT_FALSE(std::filesystem::exists(options_.snapshot));
  }
  EXPECT_GT(snapshots, 10);
}

TEST_F(LongStreamTest, LeavesOutShortBooksAndRefusesWhatCannotBe) {
  EXPECT_EQ(long_books(books_, 110).size(), 1u);
  EXPECT_EQ(long_books(books_, 111).size(), 0u);
  ResultFile results = open();
  const auto measure = [&](const std::vector<Book>& books, const LongStreamOptions& options) {
    measure_long_streams(engine_, books, options, results);
  };
  EXPECT_THROW(measure({}, options_), UsageError);
  LongStreamOptions wrong = options_;
  wrong.tokens = 1;
  EXPECT_THROW(measure(books_, wrong), UsageError);
  wrong = options_;
  wrong.bin = 0;
  EXPECT_THROW(measure(books_, wrong), UsageError);
  wrong = options_;
  wrong.positions = {"sideways"};
  EXPECT_THROW(measure(books_, wrong), UsageError);
  wrong.positions = {};
  EXPECT_THROW(measure(books_, wrong), UsageError);
  wrong = options_;
  wrong.settings = every_setting(std::vector<std::string>{"baseline"}, std::vector<int>{8});
  EXPECT_THROW(measure(books_, wrong), UsageError);
}

}  // namespace
}  // namespace msrnn::testing
