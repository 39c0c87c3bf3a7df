#include "eval/kept_tokens.h"

#include <algorithm>
#include <fstream>
#include <numeric>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "msrnn/error.h"

#include "conformance/reading.h"
#include "support/npy.h"
#include "support/test_data.h"

namespace msrnn::testing {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// The same measures, from what a state says it holds after every single step.
struct Watched {
  Watched(const Model& model, const StateOptions& options, const std::vector<Token>& tokens) {
    MultiState state(model, options);
    const auto n = tokens.size();
    steps.assign(n, 0);
    for (std::size_t t = 0; t < n; ++t) {
      std::vector<std::vector<std::int32_t>> sets = kept(state);
      const auto n_sets = static_cast<double>(sets.size());
      for (const auto& set : sets) {
        for (const std::int32_t token : set) steps[static_cast<std::size_t>(token)] += 1 / n_sets;
      }
      steps[t] += 1;  // it attends to itself
      read(model, state, {tokens[t]}, {1});
      sets = kept(state);
      double recent = 0, all = 0;
      for (const auto& set : sets) {
        recent += static_cast<double>(std::count_if(set.begin(), set.end(), [&](std::int32_t token) {
          return token + options.capacity > static_cast<int>(t);
        }));
        all += static_cast<double>(set.size());
      }
      shares.push_back(recent / all);
    }
    last = kept(state);
  }

  std::vector<double> steps, shares;
  std::vector<std::vector<std::int32_t>> last;
};

class KeptTokensOfPolicy : public ::testing::TestWithParam<const char*> {};

TEST_P(KeptTokensOfPolicy, IsWhatTheStateHoldsAfterEveryStep) {
  const Model& model = tiny_model("reference");
  const std::vector<Token> tokens = random_tokens(90);
  for (const int size : {1, 7, 33, 90, 200}) {
    if (GetParam() == std::string("window+4") && size < 5) continue;
    const StateOptions state{.policy = GetParam(), .capacity = size};
    const Watched expected(model, state, tokens);
    for (const int block : {1, 16, 100}) {
      const KeptTokens found = read_and_watch(model, state, tokens, {.block = block});
      const std::vector<double> steps = survival(found), shares = recent_share(found, size);
      for (std::size_t i = 0; i < tokens.size(); ++i) {
        ASSERT_NEAR(steps[i], expected.steps[i], 1e-9) << "token " << i << ", size " << size;
        ASSERT_NEAR(shares[i], expected.shares[i], 1e-9) << "step " << i << ", size " << size;
      }
      EXPECT_NEAR(mean_of(final_recent_share(found, size)), expected.shares.back(), 1e-9);
      const auto has_first = [](const std::vector<std::int32_t>& set) { return set.front() == 0; };
      const auto sets = static_cast<double>(expected.last.size());
      EXPECT_NEAR(mean_of(first_token_kept(found)) * sets,
                  static_cast<double>(std::count_if(expected.last.begin(), expected.last.end(), has_first)),
                  1e-9);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Policies, KeptTokensOfPolicy,
                         ::testing::Values("tova", "tova-head", "h2o", "decayed", "window", "window+4"));

KeptTokens window_of(std::int32_t tokens, std::int32_t size) {
  KeptTokens kept{tokens, 1, 1, {}};
  for (std::int32_t i = 0; i < tokens; ++i)
    kept.dropped_at.push_back(i + size < tokens ? i + size : KeptTokens::kNever);
  return kept;
}

// The averages of the paper (arXiv 2401.06104, table of survival by part of speech, 4,096 tokens): they hold
// for every policy, and tell what it counts.
TEST(KeptTokensTest, MeanSurvivalIsThatOfThePaper) {
  EXPECT_NEAR(mean_of(survival(window_of(4096, 256))), 249, 0.5);
  EXPECT_NEAR(mean_of(survival(window_of(4096, 512))), 481, 0.5);
  EXPECT_NEAR(mean_of(survival(window_of(4096, 1024))), 897, 0.5);
  EXPECT_NEAR(mean_of(survival(window_of(4096, 2048))), 1537, 0.5);
}

TEST(KeptTokensTest, CountsByHand) {
  // Two layers of one lane, 5 tokens, 2 kept: the first drops 0, 1, 2; the second 1, 3 and 2.
  constexpr std::int32_t kNever = KeptTokens::kNever;
  const KeptTokens kept{5, 2, 1, {2, 3, 4, kNever, kNever, kNever, 2, 4, 3, kNever}};
  EXPECT_THAT(survival(kept), ElementsAre(4, 2.5, 3, 1.5, 1));
  EXPECT_THAT(recent_share(kept, 2), ElementsAre(1, 1, 0.75, 0.75, 0.75));
  EXPECT_THAT(final_recent_share(kept, 2), ElementsAre(1, 0.5));
  EXPECT_THAT(first_token_kept(kept), ElementsAre(0, 1));
}

// A line of the golden summary: POLICY, size, tokens of a prompt, …, "sets that keep token 0"/"all", recent
// share.
struct GoldenSummary {
  std::string name;
  std::int64_t size = 0;
  double keeps_first = 0, recent = 0;
};

std::vector<GoldenSummary> golden_summaries(const std::filesystem::path& folder) {
  std::ifstream file(folder / "summary.tsv");
  std::vector<GoldenSummary> summaries;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::istringstream fields(line);
    std::string policy, prompt, skipped;
    GoldenSummary summary;
    double keep = 0, of = 0;
    char slash = 0;
    fields >> policy >> summary.size >> prompt >> skipped >> skipped >> skipped >> keep >> slash >> of >>
        summary.recent;
    summary.keeps_first = keep / of;
    summary.name = policy + ".k" + std::to_string(summary.size);
    if (policy != "full" && prompt == "0") summaries.push_back(summary);
  }
  return summaries;
}

// From the victims that an independent implementation found follow its shares.
TEST(KeptTokensGolden, SharesAreThoseOfTheSummary) {
  if (!golden_folder()) GTEST_SKIP() << "MSRNN_GOLDEN is not set: shares are not compared with golden data";
  const std::filesystem::path folder = *golden_folder() / "policies";
  const std::vector<GoldenSummary> summaries = golden_summaries(folder);
  ASSERT_GE(summaries.size(), 15u);
  for (const GoldenSummary& summary : summaries) {
    const auto victims = read_npy<std::int32_t>(folder / (summary.name + ".victims.npy"));
    const std::int64_t tokens = victims.shape.back(), sets = std::ssize(victims.values) / tokens;
    KeptTokens kept{tokens, sets, 1, std::vector(victims.values.size(), KeptTokens::kNever)};
    for (std::int64_t i = 0; i < sets * tokens; ++i) {
      const std::int32_t victim = victims.values[static_cast<std::size_t>(i)];
      if (victim >= 0)
        kept.dropped_at[static_cast<std::size_t>(i / tokens * tokens + victim)] =
            static_cast<std::int32_t>(i % tokens);
    }
    EXPECT_NEAR(mean_of(final_recent_share(kept, summary.size)), summary.recent, 6e-5) << summary.name;
    EXPECT_NEAR(recent_share(kept, summary.size).back(), summary.recent, 6e-5) << summary.name;
    EXPECT_NEAR(mean_of(first_token_kept(kept)), summary.keeps_first, 1e-9) << summary.name;
  }
}

TEST(KeptTokensTest, FullKeepsAll) {
  const KeptTokens kept = read_and_watch(tiny_model("reference"), {.policy = "full"}, random_tokens(20));
  EXPECT_THAT(kept.dropped_at, Each(KeptTokens::kNever));
  EXPECT_THAT(recent_share(kept, 20), Each(1));
  EXPECT_EQ(survival(kept).front(), 20);
}

TEST(KeptTokensTest, NoTokensAreRefused) {
  EXPECT_THROW(read_and_watch(tiny_model("reference"), {}, {}), UsageError);
}

}  // namespace
}  // namespace msrnn::testing
