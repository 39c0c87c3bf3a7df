#include "eval/judge.h"

#include <fstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "msrnn/error.h"

#include "base/temporary_folder.h"
#include "eval/scripted_judge.h"
#include "eval/settings.h"

namespace msrnn::testing {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::ordered_json;

class JudgeTest : public ::testing::Test {
 protected:
  JudgeTest() {
    // Likes the longer text; equally long ones are a tie, and one it has never heard of leaves it speechless.
    judge_.answer = [](const std::string& request) {
      const std::string question = Json::parse(request).at("messages").at(0).at("content").get<std::string>();
      const auto between = [&](const std::string& open, const std::string& close) {
        const std::size_t begin = question.find(open) + open.size();
        return question.substr(begin, question.find(close) - begin);
      };
      const std::string first = between("<text_1>\n", "\n</text_1>"),
                        second = between("<text_2>\n", "\n</text_2>");
      if (first == "odd" || second == "odd") return chat_answer("hm");
      if (first.size() == second.size()) return chat_answer("[[tie]]");
      return chat_answer(first.size() > second.size() ? "[[1]]" : "[[2]]");
    };
  }

  Json judge(const std::string& output, const std::string& answers = "answers") {
    ResultFile kept = open_answers(folder_.path() / answers);
    ResultFile results(folder_.path() / output, describe(options_));
    PatientChat chat(judge_.transport(), {.attempts = 2});
    finished_ = judge_stories(pairs_, options_, chat, kept, results);
    return finished_ ? *results.find("summary") : Json();
  }

  std::string content(const std::string& name) const {
    std::ifstream in(folder_.path() / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  const TemporaryFolder folder_;
  ScriptedJudge judge_;
  JudgeOptions options_ = {.url = "http://judge", .model = "wise", .price_in = 2, .price_out = 10};
  bool finished_ = false;
  std::vector<StoryPair> pairs_ = {
      {0, 1, "task", "long text", "short"}, {0, 2, "task", "x", "much longer"},
      {1, 1, "other", "same", "same"},      {1, 2, "other", "left", "tied"},
      {2, 1, "third", "odd", "fine"},
  };
};

TEST_F(JudgeTest, CountsWhatTheJudgeSays) {
  const Json summary = judge("out");
  EXPECT_EQ(summary["pairs"], 5);
  EXPECT_EQ(summary["identical"], 1);
  EXPECT_EQ(summary["unclear"], 1);
  EXPECT_EQ(summary["judged"], 3);
  for (const char* name : {"win", "tie", "loss"}) {
    EXPECT_EQ(summary[name]["count"], 1) << name;
    EXPECT_EQ(summary[name]["of"], 3) << name;
  }
  EXPECT_EQ(summary["agreement"]["count"], 3);
  EXPECT_EQ(summary["first_chosen"]["count"], 2);
  EXPECT_EQ(summary["first_chosen"]["of"], 4);
  // Three pairs asked twice, one four times: ten answers of 7 tokens in and 3 out.
  EXPECT_EQ(judge_.requests.size(), 10u);
  EXPECT_EQ(summary["prompt_tokens"], 70);
  EXPECT_EQ(summary["completion_tokens"], 30);
  EXPECT_NEAR(summary["cost"].get<double>(), (70 * 2 + 30 * 10) / 1e6, 1e-12);
}

TEST_F(JudgeTest, AlwaysTheFirstIsATieWithoutAgreement) {
  judge_.answer = [](const std::string&) { return chat_answer("[[1]]"); };
  const Json summary = judge("out");
  EXPECT_EQ(summary["tie"]["count"], 4);
  EXPECT_EQ(summary["agreement"]["count"], 0);
  EXPECT_EQ(summary["first_chosen"]["mean"], 1.0);
}

TEST_F(JudgeTest, RequestsAreWhatTheInterfaceAsksFor) {
  options_.parameters = {{"temperature", 0.5}, {"max_tokens", 300}};
  judge("out");
  const Json request = Json::parse(judge_.requests.front());
  EXPECT_EQ(request["model"].get<std::string>(), "wise");
  EXPECT_EQ(request["max_tokens"], 300);
  EXPECT_EQ(request["temperature"], 0.5);
  ASSERT_EQ(request["messages"].size(), 1u);
  EXPECT_EQ(request["messages"][0]["role"].get<std::string>(), "user");
}

TEST_F(JudgeTest, NothingIsAskedTwice) {
  const Json summary = judge("out");
  const std::size_t asked = judge_.requests.size();
  EXPECT_EQ(judge("out").dump(), summary.dump());
  EXPECT_EQ(judge("another").dump(), summary.dump());
  EXPECT_EQ(judge_.requests.size(), asked);
  EXPECT_EQ(content("out"), content("another"));
  options_.url = "http://other";  // another judge may think otherwise
  judge("third");
  EXPECT_EQ(judge_.requests.size(), 2 * asked);
}

TEST_F(JudgeTest, AnOutageAtAnyRequestLosesNothing) {
  const Json summary = judge("whole", "whole.answers");
  const auto answer = judge_.answer;
  for (std::size_t outage = 0; outage < 10; ++outage) {
    judge_.requests.clear();
    const std::string out = "out" + std::to_string(outage);
    judge_.answer = [&](const std::string& request) {
      return judge_.requests.size() > outage ? chat_failure(0, "connection refused") : answer(request);
    };
    EXPECT_THROW(judge(out, out + ".answers"), Error);
    judge_.answer = answer;
    judge_.requests.clear();
    EXPECT_EQ(judge(out, out + ".answers").dump(), summary.dump());
    EXPECT_EQ(content(out), content("whole"));
    // Half an exchange about the speechless pair is the most that is asked again.
    EXPECT_LE(judge_.requests.size(), 10 - outage + 1);
  }
}

TEST_F(JudgeTest, StoppedGoesOnLater) {
  judge_.stop = true;
  judge("out");
  EXPECT_FALSE(finished_);
  judge_.stop = false;
  EXPECT_EQ(judge("out")["judged"], 3);
}

TEST_F(JudgeTest, OnlyIdenticalPairsAreAResultToo) {
  pairs_ = {pairs_[2]};
  const Json summary = judge("out");
  EXPECT_TRUE(judge_.requests.empty());
  EXPECT_EQ(summary["judged"], 0);
  EXPECT_EQ(summary["win"]["high"], 1);
}

class StoryPairsTest : public ::testing::Test {
 protected:
  std::string write(const std::string& name, const std::vector<Json>& lines,
                    const std::string& experiment = "stories") const {
    const std::filesystem::path path = folder_.path() / name;
    std::ofstream out(path);
    out << Json{{"run", {{"experiment", experiment}, {"model", {{"fingerprint", "f"}}}}}}.dump() << '\n';
    for (const Json& line : lines) out << line.dump() << '\n';
    return path.string();
  }

  static Json prompt(int number, const std::string& text) {
    return {{"key", "prompt/" + std::to_string(number)}, {"text", text}};
  }

  static Json story(const Setting& setting, int number, int seed, const std::string& text) {
    Json line = {{"key", fmt::format("{}/{}/{}", setting.key(), number, seed)}};
    write_setting(line, setting);
    line.update({{"prompt", number}, {"seed", seed}, {"text", text}});
    return line;
  }

  void refuses(const std::string& name, const std::string& message) const {
    try {
      read_stories(name);
      FAIL() << message;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(message));
    }
  }

  const TemporaryFolder folder_;
};

TEST_F(StoryPairsTest, PairsPromptAndSeed) {
  const std::string file = write("s", {prompt(0, "zero"),
                                       prompt(1, "one"),
                                       story({"full"}, 0, 1, "a"),
                                       story({"full"}, 1, 1, "b"),
                                       story({"tova", 64}, 1, 1, "c"),
                                       story({"tova", 64}, 1, 2, "d"),
                                       story({"tova", 128}, 0, 1, "e"),
                                       {{"key", "summary/full"}, {"stories", 2}}});
  const StorySet full = read_stories(file + ":full"), tova = read_stories(file + ":tova/64");
  const std::vector<StoryPair> pairs = pair_stories(full, tova);
  ASSERT_EQ(pairs.size(), 1u);
  EXPECT_EQ(pairs[0].prompt, 1);
  EXPECT_EQ(pairs[0].seed, 1u);
  EXPECT_EQ(pairs[0].task, "one");
  EXPECT_EQ(pairs[0].a, "b");
  EXPECT_EQ(pairs[0].b, "c");
  EXPECT_THROW(pair_stories(tova, read_stories(file + ":tova/128")), UsageError);
  EXPECT_EQ(full.checksum(), read_stories(file + ":full").checksum());
  EXPECT_NE(full.checksum(), tova.checksum());
}

TEST_F(StoryPairsTest, AFileOfOneStateNeedsNoName) {
  const std::string file = write("one:state", {prompt(0, "zero"), story({"tova", 64}, 0, 1, "a")});
  EXPECT_EQ(read_stories(file).state, "tova/64");
  EXPECT_EQ(read_stories(file + ":tova/64").stories.size(), 1u);
}

TEST_F(StoryPairsTest, PoliciesMayHaveColonsToo) {
  const std::string policy = "mass:decay=0.9,recent=0.25";
  const std::string file =
      write("with:colon", {prompt(0, "zero"), story({"full"}, 0, 1, "a"), story({policy, 16}, 0, 1, "b")});
  EXPECT_EQ(read_stories(file + ":" + policy + "/16").state, policy + "/16");
  refuses(file + ":" + policy + "/17", "no stories of the state " + policy + "/17");
  const std::string nowhere = (folder_.path() / "nowhere").string();
  refuses(nowhere + ":" + policy + "/16", nowhere + ": cannot be read");
}

TEST_F(StoryPairsTest, RefusesWhatItCannotCompare) {
  const std::string file =
      write("s", {prompt(0, "zero"), story({"full"}, 0, 1, "a"), story({"tova", 64}, 0, 1, "b")});
  refuses(file, "full, tova/64");
  refuses(file + ":tova", "there are: full, tova/64");
  refuses(file + ":", "FILE:STATE");
  refuses((folder_.path() / "none").string(), "none");
  refuses(write("empty", {prompt(0, "zero")}), "holds no story");
  refuses(write("lm", {}, "lm"), "'lm'");
  refuses(write("lost", {story({"full"}, 3, 1, "a")}), "prompt 3 is missing");
  refuses(write("number", {{{"key", "prompt/x"}, {"text", "a"}}}), "prompt/x");
  refuses(write("half", {{{"key", "full/0/1"}, {"policy", "full"}}}), "half");
  refuses(write("type", {{{"key", "prompt/0"}, {"text", 3}}}), "type");
  const std::string other = write("other", {prompt(0, "another"), story({"full"}, 0, 1, "a")});
  EXPECT_THROW(pair_stories(read_stories(file + ":full"), read_stories(other)), UsageError);
}

}  // namespace
}  // namespace msrnn::testing
