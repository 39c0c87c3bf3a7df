#include "eval/stories.h"

#include <atomic>
#include <fstream>
#include <iterator>
#include <numeric>
#include <set>

#include <gtest/gtest.h>

#include "msrnn/error.h"

#include "base/temporary_folder.h"
#include "eval/repetition.h"
#include "runtime/generation.h"
#include "runtime/tiny_engine.h"

namespace msrnn::testing {
namespace {

using Json = nlohmann::ordered_json;

class StoriesTest : public ::testing::Test {
 protected:
  StoryOptions options() const {
    return {.settings = {{"full", 0}, {"tova", 6}, {"window+2", 6}},
            .generate = {.max_tokens = 24, .sampler = {.temperature = 1.3f, .seed = 40}},
            .seeds = 2,
            .batch = 3};
  }

  std::vector<StoryPrompt> prompts() const {
    return {{"one", some_tokens(5)}, {"two", some_tokens(11)}, {"three", some_tokens(1)}};
  }

  bool write(const StoryOptions& how) const {
    ResultFile results(path_, run_);
    return write_stories(engine_, prompts(), how, results);
  }

  std::vector<std::string> lines() const {
    std::ifstream in(path_);
    std::vector<std::string> found;
    for (std::string line; std::getline(in, line);) found.push_back(line);
    return found;
  }

  std::multiset<std::string> sorted_lines() const {
    const std::vector<std::string> all = lines();
    return {all.begin(), all.end()};
  }

  Json line(const std::string& key) const {
    for (const Json& result : read_results(path_).results) {
      if (result["key"].get<std::string>() == key) return result;
    }
    ADD_FAILURE() << "no line " << key;
    return {};
  }

  const Engine engine_ = tiny_engine();
  const TemporaryFolder folder_;
  const std::filesystem::path path_ = folder_.path() / "stories.jsonl";
  const Json run_ = {{"experiment", "stories"}};
};

TEST_F(StoriesTest, WritesWhatEachGivesAlone) {
  const StoryOptions how = options();
  ASSERT_TRUE(write(how));
  EXPECT_EQ(lines().size(), 1u + 3 + 3 * 3 * 2 + 3);
  const std::vector<StoryPrompt> texts = prompts();
  for (const Setting& setting : how.settings) {
    for (std::size_t prompt = 0; prompt < texts.size(); ++prompt) {
      for (const std::uint64_t seed : {40u, 41u}) {
        Sequence sequence(engine_.model, setting.state({}));
        sequence.read(texts[prompt].tokens);
        GenerateOptions generate_options = how.generate;
        generate_options.sampler.seed = seed;
        GenerateResult expected = generate(sequence, engine_.tokenizer, generate_options);
        const Json found = line(story_key(setting, prompt, seed));
        EXPECT_EQ(found["stop_reason"].get<std::string>(), to_string(expected.reason));
        if (expected.reason == StopReason::end_token) expected.tokens.pop_back();
        EXPECT_EQ(found["tokens"], expected.tokens.size());
        EXPECT_EQ(found["prompt_tokens"], texts[prompt].tokens.size());
        EXPECT_EQ(found["longest_loop"], find_repetition(expected.tokens).longest_loop);
        EXPECT_EQ(found["distinct_2"], distinct(expected.tokens, 2));
        // Bytes that are no text are replaced as JSON is written.
        const std::string text = Json(expected.text).dump(-1, ' ', false, Json::error_handler_t::replace);
        EXPECT_EQ(found["text"], Json::parse(text));
      }
    }
  }
}

TEST_F(StoriesTest, SummarisesEveryState) {
  ASSERT_TRUE(write(options()));
  for (const Setting& setting : options().settings) {
    std::vector<double> lengths;
    for (std::size_t prompt = 0; prompt < 3; ++prompt) {
      for (const std::uint64_t seed : {40u, 41u})
        lengths.push_back(line(story_key(setting, prompt, seed))["tokens"].get<double>());
    }
    const double mean = std::accumulate(lengths.begin(), lengths.end(), 0.0) / 6;
    const Json summary = line(setting.summary_key());
    EXPECT_EQ(summary["stories"], 6);
    EXPECT_NEAR(summary["tokens"]["mean"].get<double>(), mean, 1e-9);
    EXPECT_LE(summary["tokens"]["low"].get<double>(), mean);
    EXPECT_GE(summary["tokens"]["high"].get<double>(), mean);
  }
}

TEST_F(StoriesTest, OneStoryHasNoIntervalOfItsLength) {
  StoryOptions how = options();
  how.seeds = 1;
  const std::vector<StoryPrompt> one = {prompts().front()};
  {
    ResultFile results(path_, run_);
    ASSERT_TRUE(write_stories(engine_, one, how, results));
  }
  const Json summary = line("summary/full");
  EXPECT_TRUE(summary["tokens"].contains("mean"));
  EXPECT_FALSE(summary["tokens"].contains("low"));
  EXPECT_LT(summary["ended"]["low"], summary["ended"]["high"]);
}

TEST_F(StoriesTest, AnyCutGoesOnToTheSameLines) {
  ASSERT_TRUE(write(options()));
  const std::multiset<std::string> whole = sorted_lines();
  const std::vector<std::string> all = lines();
  for (std::size_t kept = 0; kept <= all.size(); kept += 3) {
    {
      std::ofstream out(path_);
      for (std::size_t i = 0; i < kept; ++i) out << all[i] << '\n';
    }
    StoryOptions how = options();
    how.batch = 1 + static_cast<int>(kept % 5);
    ASSERT_TRUE(write(how));
    ASSERT_EQ(sorted_lines(), whole) << kept << " lines were there";
  }
}

TEST_F(StoriesTest, CancelledKeepsWhatIsFinished) {
  ASSERT_TRUE(write(options()));
  const std::multiset<std::string> whole = sorted_lines();
  std::filesystem::remove(path_);
  std::atomic<bool> cancel = false;
  StoryOptions how = options();
  how.generate.cancel = &cancel;
  how.progress = [&](const StoryProgress& progress) { cancel = progress.stories >= 4; };
  EXPECT_FALSE(write(how));
  const std::size_t kept = lines().size();
  EXPECT_GE(kept, 1u + 3 + 4);
  EXPECT_LT(kept, whole.size());
  for (const std::string& found : lines()) EXPECT_TRUE(whole.contains(found)) << found;
  EXPECT_TRUE(write(options()));
  EXPECT_EQ(sorted_lines(), whole);
}

TEST_F(StoriesTest, MoreStatesCanBeAddedLater) {
  ASSERT_TRUE(write(options()));
  const std::multiset<std::string> whole = sorted_lines();
  std::filesystem::remove(path_);
  StoryOptions how = options();
  how.settings.resize(1);
  ASSERT_TRUE(write(how));
  ASSERT_TRUE(write(options()));
  EXPECT_EQ(sorted_lines(), whole);
}

TEST_F(StoriesTest, RefusesWhatCannotBe) {
  const auto refused = [&](const auto& change) {
    StoryOptions how = options();
    change(how);
    EXPECT_THROW(write(how), UsageError);
  };
  refused([](StoryOptions& how) { how.seeds = 0; });
  refused([](StoryOptions& how) { how.generate.sampler.temperature = 0; });
  refused([](StoryOptions& how) { how.generate.max_tokens = 0; });
  refused([](StoryOptions& how) { how.generate.max_tokens = -1; });
  ResultFile results(folder_.path() / "none.jsonl", run_);
  EXPECT_THROW(write_stories(engine_, {}, options(), results), UsageError);
  const std::vector<StoryPrompt> empty = {{"", {}}};
  EXPECT_THROW(write_stories(engine_, empty, options(), results), UsageError);
}

}  // namespace
}  // namespace msrnn::testing
