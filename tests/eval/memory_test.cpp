#include "eval/memory.h"

#include <algorithm>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "msrnn/error.h"

#include "base/temporary_folder.h"
#include "eval/full_attention.h"
#include "eval/kept_tokens.h"
#include "runtime/tiny_engine.h"

namespace msrnn::testing {
namespace {

using Json = nlohmann::ordered_json;

class MemoryTest : public ::testing::Test {
 protected:
  MemoryTest() {
    texts_[0] = {"a/0", some_tokens(40), std::vector<std::string>(40)};
    for (std::size_t i = 0; i < 40; ++i) texts_[0].tags[i] = i % 3 == 0 ? "" : i % 3 == 1 ? "NN" : "DT";
    texts_[1] = {"a/1", some_tokens(30), {}};
    std::reverse(texts_[1].tokens.begin(), texts_[1].tokens.end());
    const std::vector<std::string> policies = {"tova", "h2o", "full"};
    options_.settings = every_setting(policies, std::vector{8, 35});
    options_.every = 7;
  }

  std::filesystem::path path(const std::string& name = "results.jsonl") const {
    return folder_.path() / name;
  }

  bool run(const std::filesystem::path& file) const {
    ResultFile results(file, run_);
    return run_memory(engine_, texts_, options_, results);
  }

  std::map<std::string, Json> lines(const std::filesystem::path& file) const {
    std::map<std::string, Json> lines;
    for (const Json& line : read_results(file).results) EXPECT_TRUE(lines.emplace(line["key"], line).second);
    return lines;
  }

  const TemporaryFolder folder_;
  const Engine engine_ = tiny_engine();
  const Json run_ = {{"experiment", "memory"}};
  std::vector<WatchedText> texts_{2};
  MemoryOptions options_;
};

TEST_F(MemoryTest, EveryLineIsThere) {
  ASSERT_TRUE(run(path()));
  std::vector<std::string> keys;
  for (const auto& [key, line] : lines(path())) keys.push_back(key);
  std::vector<std::string> expected = {"text/a/0"};
  for (const std::string setting : {"tova/8", "tova/35", "h2o/8", "h2o/35", "full"}) {
    for (const std::string text : {"/a/0", "/a/1"}) {
      expected.push_back(setting + text);
      expected.push_back("lost/" + setting + text);
    }
    expected.push_back("summary/" + setting);
  }
  EXPECT_THAT(keys, ::testing::UnorderedElementsAreArray(expected));
}

TEST_F(MemoryTest, LinesHoldWhatWasMeasured) {
  ASSERT_TRUE(run(path()));
  const auto found = lines(path());
  const KeptTokens kept = read_and_watch(engine_.model, {.policy = "h2o", .capacity = 8}, texts_[0].tokens);
  const Json& line = found.at("h2o/8/a/0");
  EXPECT_EQ(line["policy"], "h2o");
  EXPECT_EQ(line["size"], 8);
  ASSERT_EQ(line["dropped_at"].size(), 3u);
  ASSERT_EQ(line["dropped_at"][1].size(), 2u);  // KV heads
  for (int token = 0; token < 40; ++token) {
    const std::int32_t step = kept.set(2)[static_cast<std::size_t>(token)];
    EXPECT_EQ(line["dropped_at"][1][0][token], step == KeptTokens::kNever ? -1 : step);
  }
  const std::vector<double> shares = recent_share(kept, 8), steps = survival(kept);
  double share = 0, nouns = 0;
  for (std::size_t i = 8; i < 40; ++i) share += shares[i] / 32;
  for (std::size_t i = 1; i < 40; i += 3) nouns += steps[i] / 13;
  EXPECT_NEAR(line["recent_share"].get<double>(), share, 1e-9);
  EXPECT_NEAR(line["recent_share_end"].get<double>(), shares.back(), 1e-9);
  EXPECT_EQ(line["survival_by_tag"]["NN"]["tokens"], 13);
  EXPECT_NEAR(line["survival_by_tag"]["NN"]["steps"].get<double>(), nouns, 1e-9);
  EXPECT_EQ(line["survival_by_tag"].size(), 2u);
  EXPECT_EQ(line["recent_share_series"].size(), 6u);  // of 40 steps, 7 each
  EXPECT_NEAR(line["recent_share_series"][5].get<double>(),
              (shares[35] + shares[36] + shares[37] + shares[38] + shares[39]) / 5, 1e-5);

  const auto loss = attention_lost(engine_.model, texts_[0].tokens, {&kept, 1}).front();
  double sum = 0;
  for (std::size_t step = 9; step < 40; ++step) {
    for (std::size_t layer = 0; layer < 3; ++layer) sum += static_cast<double>(loss[layer * 40 + step]);
  }
  EXPECT_GT(sum, 0);
  EXPECT_NEAR(found.at("lost/h2o/8/a/0")["mean"].get<double>(), sum / (31 * 3), 1e-6);
}

TEST_F(MemoryTest, TextsThatFitLoseNothing) {
  ASSERT_TRUE(run(path()));
  const auto found = lines(path());
  for (const std::string setting : {"tova/35", "h2o/35", "full"}) {
    EXPECT_TRUE(found.at(setting + "/a/1")["recent_share"].is_null());
    EXPECT_TRUE(found.at("lost/" + setting + "/a/1")["mean"].is_null());
    EXPECT_EQ(found.at(setting + "/a/1")["first_token_kept"], 1.0);
  }
  EXPECT_TRUE(found.at("summary/full")["recent_share"]["mean"].is_null());
  // Of two texts one says something: its mean, and no interval.
  EXPECT_EQ(found.at("summary/tova/35")["recent_share"]["mean"], found.at("tova/35/a/0")["recent_share"]);
  EXPECT_FALSE(found.at("summary/tova/35")["recent_share"].contains("low"));
}

TEST_F(MemoryTest, SummariesAreMeansOverTexts) {
  ASSERT_TRUE(run(path()));
  auto found = lines(path());
  const double a = found["tova/8/a/0"]["recent_share"], b = found["tova/8/a/1"]["recent_share"];
  const Json& summary = found["summary/tova/8"];
  EXPECT_NEAR(summary["recent_share"]["mean"].get<double>(), (a + b) / 2, 1e-12);
  EXPECT_NEAR(summary["recent_share"]["low"].get<double>(), std::min(a, b), 1e-12);
  EXPECT_NEAR(summary["recent_share"]["high"].get<double>(), std::max(a, b), 1e-12);
  EXPECT_EQ(summary["survival_by_tag"], found["tova/8/a/0"]["survival_by_tag"]);
}

TEST_F(MemoryTest, MapsAreOfTheFirstTexts) {
  options_.maps = 0;
  options_.attention = false;
  ASSERT_TRUE(run(path()));
  const auto found = lines(path());
  EXPECT_FALSE(found.contains("text/a/0"));
  EXPECT_FALSE(found.at("tova/8/a/0").contains("dropped_at"));
  EXPECT_FALSE(found.contains("lost/tova/8/a/0"));
  EXPECT_FALSE(found.at("summary/tova/8").contains("attention_lost"));
}

TEST_F(MemoryTest, AnyCutGoesOnToTheSameLines) {
  ASSERT_TRUE(run(path()));
  const std::string whole = TemporaryFolder::read(path());
  const auto expected = lines(path());
  std::vector<std::size_t> cuts;
  for (std::size_t end = whole.find('\n'); end != std::string::npos; end = whole.find('\n', end + 1)) {
    cuts.push_back(end + 1);
    cuts.push_back(std::min(end + 20, whole.size()));
  }
  for (const std::size_t cut : cuts) {
    const auto part = folder_.write("part.jsonl", whole.substr(0, cut));
    ASSERT_TRUE(run(part));
    EXPECT_EQ(lines(part), expected) << "cut at byte " << cut;
  }
}

TEST_F(MemoryTest, ItStopsAndGoesOn) {
  ASSERT_TRUE(run(path("whole.jsonl")));
  for (int after = 0; after < 12; ++after) {
    int calls = 0;
    options_.progress = [&](const MemoryProgress& progress) {
      EXPECT_LE(progress.done, progress.total);
      return calls++ < after;
    };
    const bool done = run(path());
    EXPECT_EQ(done, calls <= after);
  }
  options_.progress = {};
  EXPECT_TRUE(run(path()));
  EXPECT_EQ(lines(path()), lines(path("whole.jsonl")));
}

TEST_F(MemoryTest, ProgressEndsAtItsTotal) {
  MemoryProgress last;
  options_.progress = [&](const MemoryProgress& progress) {
    EXPECT_GT(progress.done, last.done);
    last = progress;
    return true;
  };
  ASSERT_TRUE(run(path()));
  EXPECT_EQ(last.done, last.total);
  EXPECT_EQ(last.total, (40 + 30) * 6);
}

TEST_F(MemoryTest, BadOptionsAreRefused) {
  ResultFile results(path(), run_);
  EXPECT_THROW(run_memory(engine_, {}, options_, results), UsageError);
  options_.maps = -1;
  EXPECT_THROW(run_memory(engine_, texts_, options_, results), UsageError);
  options_.maps = 1;
  options_.settings = {{"baseline", 8}};
  EXPECT_THROW(run_memory(engine_, texts_, options_, results), UsageError);
  options_.settings = {{"tova", 8}};
  options_.every = 0;
  EXPECT_THROW(run_memory(engine_, texts_, options_, results), UsageError);
}

}  // namespace
}  // namespace msrnn::testing
