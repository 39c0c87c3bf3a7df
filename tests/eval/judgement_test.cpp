#include "eval/judgement.h"

#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace msrnn::testing {
namespace {

using ::testing::HasSubstr;
using Said = std::optional<Verdict>;

constexpr std::array<Said, 4> kAnswers = {Verdict::first, Verdict::second, Verdict::tie, std::nullopt};

TEST(JudgementTest, ReadsTheLastVerdict) {
  EXPECT_EQ(parse_verdict("The first is better.\n[[1]]"), Verdict::first);
  EXPECT_EQ(parse_verdict("[[2]]"), Verdict::second);
  EXPECT_EQ(parse_verdict("… [[ Tie ]] …"), Verdict::tie);
  EXPECT_EQ(parse_verdict("[[1]], or rather\n[[2]]"), Verdict::second);
  EXPECT_EQ(parse_verdict("[[1]] as [[A]] says"), Verdict::first);
  EXPECT_EQ(parse_verdict("[[[2]]]"), Verdict::second);
  EXPECT_EQ(parse_verdict("an array a[[0]], then [[1]]"), Verdict::first);
  for (const char* none :
       {"", "1", "[1]", "[[", "[[]]", "[[3]]", "[[1", "[[1] ]", "[[12]]", "[[first]]", "]]1[["}) {
    EXPECT_EQ(parse_verdict(none), std::nullopt) << none;
  }
}

TEST(JudgementTest, AsksForAVerdictOnBothTexts) {
  const std::string question = judge_question("the {task}", "text {one}", "text %two");
  for (const char* part : {"the {task}", "text {one}", "text %two", "[[1]]", "[[2]]", "[[tie]]"}) {
    EXPECT_THAT(question, HasSubstr(part));
  }
  EXPECT_LT(question.find("text {one}"), question.find("text %two"));
}

// In words: A wins if it is chosen when shown first and chosen when shown second.
TEST(JudgementTest, AWinOnlyWhereBothOrdersAgree) {
  for (const Said& a_first : kAnswers) {
    for (const Said& b_first : kAnswers) {
      Outcome expected = Outcome::tie;
      if (!a_first || !b_first) expected = Outcome::unclear;
      if (a_first == Verdict::first && b_first == Verdict::second) expected = Outcome::win;
      if (a_first == Verdict::second && b_first == Verdict::first) expected = Outcome::loss;
      EXPECT_EQ(decide(a_first, b_first), expected) << to_string(a_first) << ", " << to_string(b_first);
    }
  }
}

TEST(JudgementTest, CountsEveryCombination) {
  std::vector<Judgement> all;
  for (const Said& a_first : kAnswers) {
    for (const Said& b_first : kAnswers) all.push_back({a_first, b_first});
  }
  const Tally sums = tally(all);
  EXPECT_EQ(sums.unclear, 7);
  for (const Share* share : {&sums.win, &sums.tie, &sums.loss, &sums.agreement}) EXPECT_EQ(share->of, 9);
  EXPECT_EQ(sums.win.count, 1);
  EXPECT_EQ(sums.loss.count, 1);
  EXPECT_EQ(sums.tie.count, 7);
  EXPECT_EQ(sums.agreement.count, 3);  // one win, one loss, a tie in both
  EXPECT_EQ(sums.first_chosen.of, 16);
  EXPECT_EQ(sums.first_chosen.count, 8);
  EXPECT_DOUBLE_EQ(sums.tie.mean(), 7.0 / 9);
}

TEST(JudgementTest, NothingJudgedIsNoResult) {
  const Tally sums = tally({});
  EXPECT_EQ(sums.win.of, 0);
  EXPECT_EQ(sums.win.mean(), 0);
  EXPECT_EQ(sums.win.interval().low, 0);
  EXPECT_EQ(sums.win.interval().high, 1);
}

}  // namespace
}  // namespace msrnn::testing
