#include "eval/throughput.h"

#include <fstream>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "msrnn/error.h"
#include "msrnn/sequence.h"

#include "base/temporary_folder.h"
#include "runtime/tiny_engine.h"

namespace msrnn::testing {
namespace {

using ::testing::HasSubstr;
using ThroughputJson = nlohmann::ordered_json;

class ThroughputTest : public ::testing::Test {
 protected:
  // With room for the weights and so many states of 8 tokens.
  ThroughputOptions options(double states = 5.5) const {
    const std::size_t one = state_bytes({.policy = "tova", .capacity = 8}, 0) + kScratch;
    return {.settings = {{"tova", 8}, {"h2o", 16}},
            .memory = model().weight_bytes() + static_cast<std::size_t>(states * static_cast<double>(one)),
            .sequences = 7,
            .tokens = 40};
  }

  // What a state really takes after so many tokens.
  std::size_t state_bytes(const StateOptions& state, int tokens) const {
    Sequence sequence(model(), state);
    if (tokens > 0) sequence.read(some_tokens(tokens));
    return sequence.state().bytes();
  }

  std::map<std::string, ThroughputJson> measure(const ThroughputOptions& how, bool finished = true) const {
    {
      const std::vector<ThroughputRow> rows = plan_throughput(model(), how);
      ResultFile results(path_, {{"memory", how.memory}});
      EXPECT_EQ(measure_throughput(
                    model(), rows, how,
                    [] {
                      return MachineLimits{1e9, 1e-6};
                    },
                    results),
                finished);
    }
    std::map<std::string, ThroughputJson> lines;
    for (const ThroughputJson& line : read_results(path_).results)
      lines[line["key"].get<std::string>()] = line;
    return lines;
  }

  const Model& model() const { return engine_.model; }

  static constexpr std::size_t kScratch = 4 * (64 + 2 * 64 + 2 * 32 + 2 * 96 + 2 * kTinyVocabulary + 4 * 9);
  const Engine engine_ = tiny_engine();
  const TemporaryFolder folder_;
  const std::filesystem::path path_ = folder_.path() / "throughput.jsonl";
};

TEST_F(ThroughputTest, PlansTheLargestBatchThatFits) {
  ThroughputOptions how = options();
  how.sequences = 1000;
  for (const StateOptions& state : {StateOptions{.policy = "tova", .capacity = 8},
                                    {.policy = "h2o", .capacity = 20, .type = "f32"},
                                    {.policy = "full"},
                                    {.policy = "window+4", .capacity = 100, .positions = "in-cache"}}) {
    for (const double states : {0.5, 1.0, 3.7, 60.0}) {
      how.memory = options(states).memory;
      const BatchPlan plan = plan_batch(model(), state, how);
      const auto taken = [&](int batch) {
        return model().weight_bytes() +
               static_cast<std::size_t>(batch) * (plan.state_bytes + plan.scratch_bytes);
      };
      EXPECT_LE(plan.batch == 0 ? 0 : taken(plan.batch), how.memory) << state.policy << ' ' << states;
      EXPECT_GT(taken(plan.batch + 1), how.memory) << state.policy << ' ' << states;
      if (plan.batch == 0) continue;
      // The full cache has room for its tokens and no more; a bounded state does not grow.
      const std::size_t real = state_bytes(state, static_cast<int>(how.tokens));
      if (state.policy == "full") {
        EXPECT_LE(plan.state_bytes, real);
      } else {
        EXPECT_EQ(plan.state_bytes, real);
      }
    }
  }
  EXPECT_EQ(plan_batch(model(), {.policy = "tova", .capacity = 8}, options(1.0)).batch, 1);
  EXPECT_EQ(plan_batch(model(), {.policy = "tova", .capacity = 8}, options(0.99)).batch, 0);
  EXPECT_EQ(plan_batch(model(), {.policy = "tova", .capacity = 8}, options(1000)).batch, 7);
}

TEST_F(ThroughputTest, RefusesToAllocateWhatCannotFit) {
  ThroughputOptions how = options();
  how.tokens = 2'000'000'000;  // more than any machine has
  EXPECT_EQ(plan_batch(model(), {.policy = "full"}, how).batch, 0);
  EXPECT_EQ(plan_batch(model(), {.policy = "tova", .capacity = 16'000'000}, how).batch, 0);
}

TEST_F(ThroughputTest, PredictsFromBytesOrProducts) {
  const auto weights = static_cast<double>(model().weight_bytes());
  constexpr double kSlot = 3 * 2 * 2 * 16 * 2;  // layers, key and value, KV heads, head size, f16
  const StateOptions tova = {.policy = "tova", .capacity = 4}, full = {.policy = "full"};
  const MachineLimits memory = {.read_bandwidth = 1000};
  // Steps see 1, 2, 3, 4, 5, 5, 5 and 1 … 7 tokens.
  EXPECT_NEAR(predict_seconds(model(), tova, 3, 7, memory), (7 * weights + 3 * 25 * kSlot) / 1000, 1e-6);
  EXPECT_NEAR(predict_seconds(model(), full, 3, 7, memory), (7 * weights + 3 * 28 * kSlot) / 1000, 1e-6);
  const MachineLimits products = {.read_bandwidth = 1e15, .seconds_per_token = 0.5};
  EXPECT_NEAR(predict_seconds(model(), tova, 3, 7, products), 7 * 3 * 0.5, 1e-9);
}

TEST_F(ThroughputTest, MeasuresEveryBatchAndComparesWithTheFullCache) {
  ThroughputOptions how = options(20.5);
  how.sequences = 30;
  const auto lines = measure(how);
  for (const Setting& setting : {Setting{"full", 0}, Setting{"tova", 8}, Setting{"h2o", 16}}) {
    const ThroughputJson& summary = lines.at(setting.summary_key());
    const int batch = summary["batch"].get<int>();
    EXPECT_EQ(batch, plan_batch(model(), setting.state({}), how).batch);
    int sequences = 0;
    double seconds = 0;
    for (int round = 0; sequences < how.sequences; ++round) {
      const ThroughputJson& line = lines.at(setting.key() + "/" + std::to_string(round));
      EXPECT_EQ(line["sequences"], std::min(batch, how.sequences - sequences));
      sequences += line["sequences"].get<int>();
      seconds += line["seconds"].get<double>();
    }
    EXPECT_EQ(sequences, how.sequences);
    const double speed = summary["tokens_per_second"].get<double>();
    EXPECT_NEAR(speed, 30 * 40 / seconds, 1e-6 * speed);
    const double full = lines.at("summary/full")["tokens_per_second"].get<double>();
    EXPECT_NEAR(summary["relative"].get<double>(), speed / full, 1e-9 * speed / full);
    EXPECT_GT(summary["predicted_tokens_per_second"].get<double>(), 0);
  }
  EXPECT_EQ(lines.at("summary/full")["relative"], 1.0);
  EXPECT_EQ(lines.at("summary/tova/8")["batch"], 20);
}

TEST_F(ThroughputTest, AFullCacheThatDoesNotFitIsNoReference) {
  const auto lines = measure(options(1.2));
  const ThroughputJson& full = lines.at("summary/full");
  EXPECT_EQ(full["batch"], 0);
  EXPECT_TRUE(full["tokens_per_second"].is_null());
  const ThroughputJson& tova = lines.at("summary/tova/8");
  EXPECT_EQ(tova["batch"], 1);
  EXPECT_GT(tova["tokens_per_second"].get<double>(), 0);
  EXPECT_TRUE(tova["relative"].is_null());
}

TEST_F(ThroughputTest, KeepsWhatWasMeasured) {
  ThroughputOptions how = options(20.5);
  int steps = 0;
  std::string last;
  how.progress = [&](std::int64_t done, std::int64_t total, const std::string& what) {
    EXPECT_LE(done, total);
    last = what;
    return ++steps < 130;  // in the middle of a round
  };
  const auto before = measure(how, false);
  EXPECT_FALSE(before.contains("summary/full"));
  EXPECT_TRUE(last.starts_with("full/")) << last;
  EXPECT_FALSE(before.contains(last)) << last;
  how.progress = {};
  const auto after = measure(how);
  EXPECT_GT(before.size(), 2u);
  for (const auto& [key, line] : before) EXPECT_EQ(after.at(key).dump(), line.dump()) << key;
  EXPECT_TRUE(after.contains("summary/h2o/16"));
}

// More than a state may keep: whoever makes one fails.
constexpr int kFarTooLarge = 2'000'000'000;

TEST_F(ThroughputTest, AStateThatDoesNotFitIsNeverMade) {
  ThroughputOptions how = options();
  how.settings = {{"tova", 8}, {"tova", kFarTooLarge}};
  const auto lines = measure(how);
  EXPECT_EQ(lines.at(how.settings[1].summary_key())["batch"], 0);
  EXPECT_GT(lines.at("summary/tova/8")["tokens_per_second"].get<double>(), 0);
}

TEST_F(ThroughputTest, AFinishedRunMakesNoState) {
  const ThroughputOptions how = options(20.5);
  const auto before = measure(how);
  std::vector<ThroughputRow> rows = plan_throughput(model(), how);
  for (ThroughputRow& row : rows) row.state = {.policy = "tova", .capacity = kFarTooLarge};
  ResultFile results(path_, {{"memory", how.memory}});
  EXPECT_TRUE(measure_throughput(model(), rows, how, {}, results));
  EXPECT_EQ(results.size(), before.size());
}

TEST_F(ThroughputTest, SaysWhereNotEvenOneFits) {
  try {
    measure(options(0.5));
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("not even one sequence"));
    EXPECT_THAT(error.what(), HasSubstr(std::to_string(model().weight_bytes())));
  }
  ThroughputOptions how = options();
  how.memory = 0;
  EXPECT_THROW(measure(how), UsageError);
  for (const int none : {0, -1}) {
    how = options();
    how.sequences = none;
    EXPECT_THROW(measure(how), UsageError);
    how = options();
    how.tokens = none;
    EXPECT_THROW(measure(how), UsageError);
  }
}

}  // namespace
}  // namespace msrnn::testing
