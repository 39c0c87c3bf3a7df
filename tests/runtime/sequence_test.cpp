#include "msrnn/sequence.h"

#include <vector>

#include <gtest/gtest.h>

#include "msrnn/error.h"

#include "runtime/tiny_engine.h"

namespace msrnn::testing {
namespace {

std::vector<float> logits_of(const Sequence& sequence) {
  return {sequence.logits().begin(), sequence.logits().end()};
}

std::vector<std::vector<std::int32_t>> kept(const MultiState& state) {
  std::vector<std::vector<std::int32_t>> kept;
  for (int layer = 0; layer < state.n_layers(); ++layer) {
    for (int lane = 0; lane < state.lanes(layer); ++lane) kept.push_back(state.positions(layer, lane));
  }
  return kept;
}

class SequenceTest : public ::testing::Test {
 protected:
  Sequence sequence(int capacity = 8, const std::string& policy = "tova") const {
    return Sequence(engine_.model, {.policy = policy, .capacity = capacity});
  }

  const Engine engine_ = tiny_engine();
};

TEST_F(SequenceTest, HasNoLogitsBeforeTheFirstToken) {
  Sequence fresh = sequence();
  EXPECT_TRUE(fresh.logits().empty());
  EXPECT_EQ(fresh.read({}), 0);
  EXPECT_TRUE(fresh.logits().empty());
}

TEST_F(SequenceTest, BlocksChangeNothing) {
  const std::vector<Token> tokens = some_tokens(50);
  Sequence one_by_one = sequence();
  for (const Token token : tokens) one_by_one.read(std::vector{token});
  for (const int block : {1, 2, 7, 49, 50, 51, 1000}) {
    Sequence in_blocks = sequence();
    EXPECT_EQ(in_blocks.read(tokens, {.block = block}), 50);
    EXPECT_EQ(kept(in_blocks.state()), kept(one_by_one.state())) << "block " << block;
    const std::vector<float> expected = logits_of(one_by_one), found = logits_of(in_blocks);
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(found[i], expected[i], 1e-4f);
  }
}

TEST_F(SequenceTest, ProgressStopsBetweenBlocks) {
  const std::vector<Token> tokens = some_tokens(50);
  Sequence stopped = sequence();
  std::vector<std::int64_t> seen;
  const auto progress = [&](std::int64_t done, std::int64_t total) {
    EXPECT_EQ(total, 50);
    seen.push_back(done);
    return done < 30;
  };
  EXPECT_EQ(stopped.read(tokens, {.block = 15, .progress = progress}), 30);
  EXPECT_EQ(seen, (std::vector<std::int64_t>{15, 30}));
  EXPECT_EQ(stopped.state().position(), 30);

  Sequence expected = sequence();
  expected.read(std::span(tokens).first(30), {.block = 15});
  EXPECT_EQ(logits_of(stopped), logits_of(expected));
}

TEST_F(SequenceTest, RefusesBlocksOfNothing) {
  for (const int block : {0, -1}) {
    EXPECT_THROW(sequence().read(some_tokens(3), {.block = block}), UsageError);
    EXPECT_THROW(sequence(2).read_prompt_at_once(some_tokens(3), {.block = block}), UsageError);
  }
}

TEST_F(SequenceTest, RefusesTokensOutsideTheVocabulary) {
  for (const Token token : {-1, kTinyVocabulary, 1 << 30}) {
    Sequence fresh = sequence();
    EXPECT_THROW(fresh.read(std::vector{token}), UsageError);
    EXPECT_TRUE(fresh.logits().empty());
  }
}

TEST_F(SequenceTest, APromptReadAtOnceIsSelectedOnce) {
  for (const char* policy : {"tova", "h2o", "window+2", "decayed"}) {
    const std::vector<Token> tokens = some_tokens(40);
    Sequence at_once = sequence(8, policy);
    EXPECT_EQ(at_once.read_prompt_at_once(tokens), 40);

    // With room for everything the same attention is given, and the best of it are taken.
    Sequence wide = sequence(40, policy);
    wide.read(tokens);
    MultiState selected = sequence(8, policy).state().clone();
    selected.select_from(wide.state());
    EXPECT_EQ(kept(at_once.state()), kept(selected)) << policy;
    EXPECT_EQ(at_once.state().position(), 40);
    EXPECT_EQ(logits_of(at_once), logits_of(wide)) << policy;
  }
}

TEST_F(SequenceTest, APromptThatFitsIsReadPlainly) {
  for (const char* policy : {"tova", "full"}) {
    const std::vector<Token> tokens = some_tokens(8);
    Sequence at_once = sequence(8, policy), plain = sequence(8, policy);
    at_once.read_prompt_at_once(tokens);
    plain.read(tokens);
    EXPECT_EQ(kept(at_once.state()), kept(plain.state()));
    EXPECT_EQ(logits_of(at_once), logits_of(plain));
  }
}

TEST_F(SequenceTest, OnlyTheFirstTextCanBeReadAtOnce) {
  Sequence started = sequence();
  started.read(some_tokens(1));
  EXPECT_THROW(started.read_prompt_at_once(some_tokens(20)), UsageError);
}

TEST_F(SequenceTest, ClonesGoTheirOwnWays) {
  Sequence original = sequence();
  original.read(some_tokens(20));
  Sequence copy = original.clone();
  EXPECT_EQ(logits_of(copy), logits_of(original));
  const std::vector<float> before = logits_of(original);
  copy.read(std::vector<Token>{1, 2, 3});
  EXPECT_EQ(logits_of(original), before);
  original.read(std::vector<Token>{1, 2, 3});
  EXPECT_EQ(logits_of(copy), logits_of(original));
}

TEST_F(SequenceTest, ABatchEqualsItsSequencesAlone) {
  std::vector<Sequence> alone, together;
  for (const int length : {1, 5, 8, 9, 33}) {
    for (auto* sequences : {&alone, &together}) {
      sequences->push_back(sequence(length % 2 == 0 ? 4 : 8, length == 5 ? "h2o" : "tova"));
      sequences->back().read(some_tokens(length));
    }
  }
  std::vector<Sequence*> batch;
  for (Sequence& each : together) batch.push_back(&each);
  for (int step = 0; step < 12; ++step) {
    std::vector<Token> tokens;
    for (std::size_t i = 0; i < batch.size(); ++i) tokens.push_back(static_cast<Token>(i * 31) + step);
    read_batch(batch, tokens);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      alone[i].read(std::span(tokens).subspan(i, 1));
      EXPECT_EQ(logits_of(together[i]), logits_of(alone[i])) << "sequence " << i << ", step " << step;
      EXPECT_EQ(kept(together[i].state()), kept(alone[i].state())) << "sequence " << i << ", step " << step;
    }
  }
}

TEST_F(SequenceTest, RefusesBatchesThatCannotBe) {
  const Engine other = tiny_engine(2);
  Sequence a = sequence(), b = sequence(), stranger(other.model, {.capacity = 8});
  const auto read = [](std::vector<Sequence*> sequences, std::vector<Token> tokens) {
    read_batch(sequences, tokens);
  };
  EXPECT_THROW(read({&a, &b}, {1}), UsageError);
  EXPECT_THROW(read({&a}, {1, 2}), UsageError);
  EXPECT_THROW(read({&a, &a}, {1, 2}), UsageError);
  EXPECT_THROW(read({&a, &stranger}, {1, 2}), UsageError);
  EXPECT_EQ(a.state().position(), 0);
  EXPECT_NO_THROW(read({}, {}));
}

}  // namespace
}  // namespace msrnn::testing
