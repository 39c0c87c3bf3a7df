#include "eval/retrieval.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "msrnn/error.h"

#include "base/temporary_folder.h"
#include "runtime/tiny_engine.h"

namespace msrnn::testing {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::ordered_json;

TEST(RetrievalTaskTest, OnlyTheFirstWordCounts) {
  EXPECT_TRUE(answers(" 12345. Remember it.", "12345"));
  EXPECT_TRUE(answers("\"Walnut\", he said", "walnut"));
  EXPECT_TRUE(answers("12345", "12345"));
  for (const char* wrong : {"", " ", "...", "123456", "1234", "12,345", "the 12345", "x12345", "12345é"}) {
    EXPECT_FALSE(answers(wrong, "12345")) << wrong;
  }
}

TEST(RetrievalTaskTest, FactsTellTheAnswerAndQuestionsDoNot) {
  for (const std::string& task : retrieval_tasks()) {
    std::set<std::string> all;
    for (unsigned seed = 0; seed < 50; ++seed) {
      std::mt19937_64 random(seed), again(seed);
      const HiddenFact fact = make_fact(task, random);
      EXPECT_EQ(make_fact(task, again).sentence, fact.sentence);
      EXPECT_THAT(fact.sentence, HasSubstr(fact.cue + " " + fact.answer));
      EXPECT_EQ((fact.question + fact.cue).find(fact.answer), std::string::npos);
      all.insert(fact.answer);
    }
    EXPECT_GT(all.size(), 15u) << task;
  }
  std::mt19937_64 random(1);
  EXPECT_THROW(make_fact("haystack", random), UsageError);
}

std::string prose(int sentences) {
  std::string text;
  for (int i = 0; i < sentences; ++i) {
    text += "Here stands number " + std::to_string(i) + (i % 7 == 3 ? "!\" said he? " : ", as ever. ");
    if (i % 5 == 4) text += "\n\n";
  }
  return text;
}

class RetrievalTest : public ::testing::Test {
 protected:
  std::filesystem::path path(const std::string& name = "results.jsonl") const {
    return folder_.path() / name;
  }

  bool run(const std::filesystem::path& file) const {
    ResultFile results(file, run_);
    return run_retrieval(engine_, prompts_, options_, results);
  }

  std::map<std::string, Json> lines(const std::filesystem::path& file) const {
    std::map<std::string, Json> lines;
    for (const Json& line : read_results(file).results) EXPECT_TRUE(lines.emplace(line["key"], line).second);
    return lines;
  }

  std::string text_of(const std::vector<Token>& tokens, Span span) const {
    return engine_.tokenizer.decode({tokens.begin() + span.begin, tokens.begin() + span.end});
  }

  void expect_refused(const std::string& message) const {
    try {
      run(path("refused.jsonl"));
      ADD_FAILURE() << "accepted; expected: " << message;
    } catch (const UsageError& error) {
      EXPECT_THAT(error.what(), HasSubstr(message));
    }
  }

  const TemporaryFolder folder_;
  // On the fast device, for prompts are long.
  const Engine engine_ = Engine::load(write_tiny_model(folder_), {.device = "cpu", .threads = 1});
  const Json run_ = {{"experiment", "retrieval"}};
  const std::vector<Text> texts_ = {{"short", prose(4)}, {"long", prose(60)}, {"longer", prose(80)}};
  const PromptMaker prompts_{engine_, texts_, false};
  RetrievalOptions options_{
      .settings = every_setting(std::vector<std::string>{"full", "tova"}, std::vector{70}),
      .tasks = {"passkey", "needle"},
      .layouts = {"after", "after-pinned", "before", "before-pinned"},
      .lengths = {300, 400},
      .depths = {0, 0.5},
      .trials = 2,
      .max_tokens = 5};
};

TEST_F(RetrievalTest, PromptsHaveTheirLengthAndHoldWhatTheySay) {
  for (const std::string& task : retrieval_tasks()) {
    for (const QuestionPlace place : {QuestionPlace::after, QuestionPlace::before}) {
      for (const int length : {250, 300, 611}) {
        std::mt19937_64 random(static_cast<unsigned>(length));
        const HiddenFact fact = make_fact(task, random);
        const PromptMaker::Stretch stretch = prompts_.draw(length, random);
        EXPECT_NE(stretch.text, 0u);  // too short
        for (const double depth : {0.0, 0.3, 0.5, 1.0}) {
          const RetrievalPrompt prompt = prompts_.make(fact, stretch, length, depth, place);
          ASSERT_EQ(std::ssize(prompt.tokens), length);
          EXPECT_EQ(text_of(prompt.tokens, prompt.fact), " " + fact.sentence);
          EXPECT_EQ(text_of(prompt.tokens, prompt.question), fact.question);
          EXPECT_EQ(prompt.question.begin < prompt.fact.begin, place == QuestionPlace::before);
          const std::string text = engine_.tokenizer.decode(prompt.tokens);
          EXPECT_TRUE(text.ends_with("Answer: " + fact.cue)) << text;
          // Sentences are at most 40 bytes apart; the fact stands after one.
          EXPECT_LE(std::abs(prompt.depth - depth) * static_cast<double>(prompt.haystack), 20);
          const std::string before = text_of(prompt.tokens, {0, prompt.fact.begin});
          if (depth < 1) {
            EXPECT_THAT(std::string("\n.!?\""), HasSubstr(std::string(1, before.back()))) << before;
          }
          // Without the fact, the text is as it was.
          const std::string around = text_of(prompt.tokens, {prompt.fact.begin - 9, prompt.fact.begin}) +
                                     text_of(prompt.tokens, {prompt.fact.end, prompt.fact.end + 9});
          if (depth == 0.5) {
            EXPECT_THAT(texts_[stretch.text].bytes, HasSubstr(around));
          }
        }
      }
    }
  }
}

TEST_F(RetrievalTest, StretchesBeginWithSentences) {
  std::mt19937_64 random(1);
  std::set<std::pair<std::size_t, std::size_t>> all;
  for (int i = 0; i < 40; ++i) {
    const PromptMaker::Stretch stretch = prompts_.draw(200, random);
    all.emplace(stretch.text, stretch.first);
    const std::vector<Token> tokens = engine_.tokenizer.encode(texts_[stretch.text].bytes);
    ASSERT_LE(stretch.first + 200, tokens.size());
    if (stretch.first == 0) continue;
    const std::string before = text_of(tokens, {0, static_cast<std::int32_t>(stretch.first)});
    EXPECT_THAT(std::string(".!?\""), HasSubstr(std::string(1, before.back())));
  }
  EXPECT_GT(all.size(), 20u);
}

TEST_F(RetrievalTest, CellsDifferInNothingElse) {
  ASSERT_TRUE(run(path()));
  auto found = lines(path());
  EXPECT_EQ(found.size(), 2u * 2 * 4 * 2 * (2 * 2 + 2 + 1));
  for (const char* layout : {"after", "after-pinned", "before", "before-pinned"}) {
    for (const char* rest : {"/300/0/1", "/300/0.5/1"}) {
      EXPECT_EQ(found.at(std::string("passkey/tova/70/") + layout + rest)["expected"],
                found.at("passkey/full/after/300/0/1")["expected"]);
    }
  }
  EXPECT_NE(found["passkey/full/after/300/0/0"]["expected"], found["passkey/full/after/300/0/1"]["expected"]);
  EXPECT_NE(found["passkey/full/after/400/0/0"]["expected"], found["passkey/full/after/300/0/0"]["expected"]);
  EXPECT_EQ(found["needle/full/before/300/0.5/0"]["fact_kept"], 1.0);
  EXPECT_LT(found["needle/tova/70/before/300/0.5/0"]["fact_kept"], 1.0);
}

TEST_F(RetrievalTest, PinnedQuestionsStay) {
  // What a pinned question takes away from the rest, the fact lacks too: pins change what is kept.
  options_.layouts = {"before", "before-pinned"};
  ASSERT_TRUE(run(path()));
  auto found = lines(path());
  bool differs = false;
  for (const auto& [key, line] : found) {
    if (!key.starts_with("needle/tova/70/before/")) continue;
    std::string pinned = key;
    pinned.replace(pinned.find("before"), 6, "before-pinned");
    differs = differs || found.at(pinned)["fact_kept"] != line["fact_kept"];
  }
  EXPECT_TRUE(differs);
}

TEST_F(RetrievalTest, SummariesCountTrials) {
  ResultFile results(path(), run_);
  // Right answers are rare among random weights: some are there already.
  options_.tasks = {"passkey"};
  options_.layouts = {"after"};
  options_.lengths = {300};
  options_.trials = 4;
  for (const char* key :
       {"passkey/full/after/300/0/0", "passkey/full/after/300/0/1", "passkey/full/after/300/0.5/3"}) {
    results.add(key, {{"correct", true}, {"fact_kept", 1}});
  }
  ASSERT_TRUE(run_retrieval(engine_, prompts_, options_, results));
  const auto accuracy = [&](const std::string& cell) {
    return (*results.find("summary/" + cell))["accuracy"].get<double>();
  };
  EXPECT_EQ(accuracy("passkey/full/after/300/0"), 0.5);
  EXPECT_EQ(accuracy("passkey/full/after/300/0.5"), 0.25);
  EXPECT_EQ(accuracy("passkey/full/after/300"), 0.375);
  EXPECT_EQ((*results.find("summary/passkey/full/after/300"))["trials"], 8);
  const Json& summary = *results.find("summary/passkey/full/after/300");
  EXPECT_LT(summary["low"].get<double>(), 0.375);
  EXPECT_GT(summary["high"].get<double>(), 0.375);
}

TEST_F(RetrievalTest, FewTrialsThatEndAlikeAreNotSure) {
  ResultFile results(path(), run_);
  options_.settings = {{"full"}};
  options_.tasks = {"passkey"};
  options_.layouts = {"after"};
  options_.lengths = {300};
  options_.depths = {0};
  for (const int trial : {0, 1}) {
    results.add(fmt::format("passkey/full/after/300/0/{}", trial), {{"correct", false}, {"fact_kept", 1}});
  }
  ASSERT_TRUE(run_retrieval(engine_, prompts_, options_, results));
  const Json& summary = *results.find("summary/passkey/full/after/300/0");
  EXPECT_EQ(summary["accuracy"], 0.0);
  EXPECT_EQ(summary["low"], 0.0);
  EXPECT_NEAR(summary["high"].get<double>(), 0.6576, 1e-4);
}

TEST_F(RetrievalTest, BatchesChangeNothingAndStoppedRunsGoOn) {
  options_.lengths = {300};
  ASSERT_TRUE(run(path("whole.jsonl")));
  const auto expected = lines(path("whole.jsonl"));
  options_.batch = 1;
  ASSERT_TRUE(run(path("one.jsonl")));
  EXPECT_EQ(lines(path("one.jsonl")), expected);
  options_.batch = 3;
  for (int after = 0; after < 40; after += 7) {
    int calls = 0;
    options_.progress = [&](std::int64_t done, std::int64_t total, const std::string& what) {
      EXPECT_LE(done, total);
      EXPECT_TRUE(expected.contains("summary/" + what)) << what;
      return calls++ < after;
    };
    run(path());
  }
  options_.progress = {};
  ASSERT_TRUE(run(path()));
  EXPECT_EQ(lines(path()), expected);
}

TEST_F(RetrievalTest, WhatCannotBeIsRefusedAtOnce) {
  options_.progress = [](std::int64_t, std::int64_t, const std::string&) -> bool {
    throw std::logic_error("something was read");
  };
  const RetrievalOptions good = options_;
  const auto with = [&](auto change) {
    options_ = good;
    change(options_);
  };
  with([](auto& o) { o.tasks = {"passkey", "riddle"}; });
  expect_refused("unknown task 'riddle'");
  with([](auto& o) { o.layouts = {"inside"}; });
  expect_refused("unknown layout 'inside'");
  with([](auto& o) { o.lengths = {100, 100}; });
  expect_refused("length 100 is named twice");
  with([](auto& o) { o.lengths = {}; });
  expect_refused("at least one length");
  with([](auto& o) { o.lengths = {120}; });
  expect_refused("prompts of 120 tokens have no room for a text");
  with([](auto& o) { o.lengths = {1000000}; });
  expect_refused("prompts of 1000000 tokens need a text as long");
  with([](auto& o) { o.depths = {1.5}; });
  expect_refused("a depth is between 0 and 1, found 1.5");
  with([](auto& o) { o.depths = {std::nan("")}; });
  expect_refused("a depth is between 0 and 1");
  with([](auto& o) { o.lengths = {-5}; });
  expect_refused("a prompt has at least 1 token");
  with([](auto& o) { o.batch = 0; });
  expect_refused("a batch of 0");
  with([](auto& o) { o.trials = 0; });
  expect_refused("at least 1 trial");
  with([](auto& o) { o.settings = {{"tova", 20}}; });
  expect_refused("cannot be pinned in a state of 20");
}

TEST_F(RetrievalTest, NoChatTemplateNoChat) { EXPECT_THROW(PromptMaker(engine_, texts_, true), Error); }

}  // namespace
}  // namespace msrnn::testing
