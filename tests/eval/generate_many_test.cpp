#include "eval/generate_many.h"

#include <map>

#include <gtest/gtest.h>

#include "msrnn/error.h"

#include "runtime/tiny_engine.h"

namespace msrnn::testing {
namespace {

class GenerateManyTest : public ::testing::Test {
 protected:
  // Of lengths, states and samplers of their own.
  GenerationRequest request(int i) const {
    return {[this, i] {
              Sequence sequence(engine_.model, {.policy = i % 2 == 0 ? "tova" : "h2o", .capacity = 6 + i});
              sequence.read(some_tokens(3 + 5 * i));
              return sequence;
            },
            {.max_tokens = 2 + 7 * i % 11,
             .sampler = {.temperature = 1.2f, .seed = static_cast<std::uint64_t>(i)},
             .ignore_end = i % 3 == 0}};
  }

  const Engine engine_ = tiny_engine();
};

TEST_F(GenerateManyTest, GivesWhatEachGivesAlone) {
  std::vector<GenerationRequest> requests;
  for (int i = 0; i < 9; ++i) requests.push_back(request(i));
  for (const int batch : {1, 2, 4, 100}) {
    std::map<std::size_t, GenerateResult> results;
    generate_many(engine_.tokenizer, requests, batch,
                  [&](std::size_t i, GenerateResult result, const Sequence&) {
                    EXPECT_TRUE(results.emplace(i, std::move(result)).second);
                  });
    ASSERT_EQ(results.size(), requests.size());
    for (const auto& [i, result] : results) {
      Sequence alone = requests[i].start();
      const GenerateResult expected = generate(alone, engine_.tokenizer, requests[i].options);
      EXPECT_EQ(result.tokens, expected.tokens) << "request " << i << " in batches of " << batch;
      EXPECT_EQ(result.text, expected.text);
      EXPECT_EQ(result.reason, expected.reason);
    }
  }
}

TEST_F(GenerateManyTest, HoldsNoMoreStatesThanTheBatch) {
  int begun = 0, ended = 0, most = 0;
  std::vector<GenerationRequest> requests;
  for (int i = 0; i < 9; ++i) {
    requests.push_back(request(i));
    requests.back().start = [&, start = requests.back().start] {
      most = std::max(most, ++begun - ended);
      return start();
    };
  }
  generate_many(engine_.tokenizer, requests, 3,
                [&](std::size_t, const GenerateResult&, const Sequence&) { ++ended; });
  EXPECT_EQ(ended, 9);
  EXPECT_EQ(most, 3);
}

TEST_F(GenerateManyTest, NothingToDoAndNoBatch) {
  generate_many(engine_.tokenizer, {}, 4,
                [](std::size_t, const GenerateResult&, const Sequence&) { FAIL(); });
  EXPECT_THROW(generate_many(engine_.tokenizer, {}, 0, {}), UsageError);
}

}  // namespace
}  // namespace msrnn::testing
