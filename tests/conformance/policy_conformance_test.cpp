// What holds for every policy, in every position mode, on every device.
#include <algorithm>
#include <cctype>
#include <map>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "msrnn/sequence.h"

#include "backend/registry.h"
#include "conformance/reading.h"
#include "policy/parse.h"

namespace msrnn::testing {
namespace {

constexpr int kTokens = 70, kCapacity = 12;

struct ConformanceCase {
  std::string device, policy, positions;
};

void PrintTo(const ConformanceCase& c, std::ostream* out) {
  *out << c.device << " " << c.policy << " " << c.positions;
}

class PolicyConformance : public ::testing::TestWithParam<ConformanceCase> {
 protected:
  const Model& model() const { return tiny_model(GetParam().device); }

  StateOptions options(int capacity = kCapacity, const std::string& type = "f16") const {
    return {
        .policy = GetParam().policy, .capacity = capacity, .type = type, .positions = GetParam().positions};
  }
  MultiState make_state(int capacity = kCapacity, const std::string& type = "f16") const {
    return {model(), options(capacity, type)};
  }
  bool drops() const { return bounded(parse_policy(GetParam().policy)); }

  const std::vector<Token> tokens_ = random_tokens(kTokens);
};

// The reference device must agree with itself bit for bit, and every device where the policy looks at
// attention. Others may sum a block in another order, which now and then rounds a key or a value to the other
// neighbour in the state's type.
void expect_equal(const std::string& device, const StateOptions& options, const Reading& found,
                  const Reading& expected) {
  EXPECT_EQ(found.victims, expected.victims);
  if (device == "reference" || observes(parse_policy(options.policy))) {
    EXPECT_TRUE(found.logits == expected.logits) << largest_difference(found.logits, expected.logits);
  } else {
    const std::map<std::string, float> tolerances = {
        {"f32", 5e-4f}, {"f16", 1e-2f}, {"bf16", 5e-2f}, {"q8_0", 1.5e-1f}};
    EXPECT_LE(largest_difference(found.logits, expected.logits), tolerances.at(options.type));
  }
}

TEST_P(PolicyConformance, CapacityOfTheWholeTextIsFullAttention) {
  MultiState full(model(), {.policy = "full", .positions = GetParam().positions});
  const Reading expected = read(model(), full, tokens_);
  MultiState wide = make_state(kTokens);
  Reading found = read(model(), wide, tokens_);
  for (const auto& victims : found.victims) EXPECT_THAT(victims, ::testing::Each(-1));
  found.victims = expected.victims;
  expect_equal(GetParam().device, wide.options(), found, expected);
}

TEST_P(PolicyConformance, KeepsWhatItDidNotDropAndNeverTooMuch) {
  for (const int capacity : {1, 2, 5, kCapacity}) {
    if (GetParam().policy.ends_with("+2") && capacity < 2) continue;
    MultiState state = make_state(capacity);
    std::vector<std::set<std::int32_t>> live(kept(state).size());
    int now = 0;
    for (const int n : {1, 3, 20, 1, 1, 30, 14}) {
      const std::vector<Token> block(tokens_.begin() + now, tokens_.begin() + now + n);
      const Reading reading = read(model(), state, block, {n});
      const auto kept_now = kept(state);
      for (std::size_t lane = 0; lane < live.size(); ++lane) {
        for (int t = 0; t < n; ++t) {
          live[lane].insert(now + t);
          const std::int32_t victim = reading.victims[lane][static_cast<std::size_t>(t)];
          ASSERT_EQ(victim != -1, drops() && static_cast<int>(live[lane].size()) > capacity);
          if (victim != -1) {
            ASSERT_EQ(live[lane].erase(victim), 1u);
          }
        }
        ASSERT_EQ(kept_now[lane], std::vector<std::int32_t>(live[lane].begin(), live[lane].end()));
      }
      now += n;
      ASSERT_EQ(state.position(), now);
    }
  }
}

TEST_P(PolicyConformance, PinnedTokensStay) {
  MultiState state = make_state();
  state.pin(3, 6);
  read(model(), state, {tokens_.begin(), tokens_.begin() + 20});
  state.pin(30, 32);
  read(model(), state, {tokens_.begin() + 20, tokens_.end()}, {7});
  for (const auto& positions : kept(state)) {
    EXPECT_THAT(positions, ::testing::IsSupersetOf({3, 4, 5, 30, 31}));
    if (drops()) {
      EXPECT_EQ(positions.size(), static_cast<std::size_t>(kCapacity));
    }
  }
}

TEST_P(PolicyConformance, AnySplitIsOneByOne) {
  for (const char* type : {"f32", "f16", "bf16", "q8_0"}) {
    SCOPED_TRACE(type);
    MultiState state = make_state(kCapacity, type);
    const Reading one_by_one = read(model(), state, tokens_, {1});
    for (const std::vector<int>& blocks :
         {std::vector{2}, {7}, {kCapacity}, {kCapacity + 1}, {32}, {kTokens}, {1, 40, 3, 1, 16}}) {
      state.reset();
      expect_equal(GetParam().device, state.options(), read(model(), state, tokens_, blocks), one_by_one);
    }
  }
}

TEST_P(PolicyConformance, ResetIsFreshAndCloneIsIndependent) {
  MultiState state = make_state();
  const Reading expected = read(model(), state, tokens_, {16, 16, 8, 8, 16});
  state.reset();
  EXPECT_EQ(state.position(), 0);
  const std::vector<Token> first(tokens_.begin(), tokens_.begin() + 40),
      rest(tokens_.begin() + 40, tokens_.end());
  Reading found = read(model(), state, first, {16, 16, 8});
  MultiState copy = state.clone();
  read(model(), state, random_tokens(25, 2));
  append(found, read(model(), copy, rest, {8, 16}));
  EXPECT_TRUE(found == expected);
  EXPECT_EQ(copy.position(), kTokens);
}

TEST_P(PolicyConformance, SnapshotInTheMiddleChangesNothing) {
  const TemporaryFolder folder;
  for (const int cut : {0, 1, kCapacity, kCapacity + 1, 48}) {
    const char* type = cut % 2 == 0 ? "f16" : "q8_0";
    MultiState state = make_state(kCapacity, type);
    const Reading expected = read(model(), state, tokens_);
    MultiState before = make_state(kCapacity, type);
    before.pin(1000, 1002);  // pins of tokens to come are kept as well
    Reading found = read(model(), before, {tokens_.begin(), tokens_.begin() + cut}, {1});
    before.save(folder.path() / "state", {1, 2, 3});
    MultiState::Saved saved = MultiState::load(folder.path() / "state", model());
    EXPECT_EQ(saved.unread, (std::vector<Token>{1, 2, 3}));
    EXPECT_EQ(kept(saved.state), kept(before));
    EXPECT_EQ(saved.state.scores(0, 0), before.scores(0, 0));
    const std::vector<Token> rest(tokens_.begin() + cut, tokens_.end());
    const Reading after = read(model(), before, rest);
    EXPECT_TRUE(read(model(), saved.state, rest) == after) << "cut at " << cut;
    append(found, after);
    expect_equal(GetParam().device, state.options(), found, expected);
  }
}

TEST_P(PolicyConformance, LayersMayHaveCapacitiesOfTheirOwn) {
  StateOptions uneven = options();
  uneven.layer_capacities = {5, 20, 2};
  MultiState state(model(), uneven);
  const Reading one_by_one = read(model(), state, tokens_, {1});
  state.reset();
  expect_equal(GetParam().device, state.options(), read(model(), state, tokens_, {32}), one_by_one);
  for (int layer = 0; layer < 3; ++layer) {
    const auto expected = drops() ? uneven.layer_capacities[static_cast<std::size_t>(layer)] : kTokens;
    EXPECT_EQ(std::ssize(state.positions(layer, 0)), expected);
  }
}

TEST_P(PolicyConformance, BytesAreConstantUnlessUnbounded) {
  MultiState state = make_state();
  const std::size_t bytes = state.bytes();
  for (int i = 0; i < 10; ++i) read(model(), state, tokens_);
  if (drops()) {
    EXPECT_EQ(state.bytes(), bytes);
  } else {
    EXPECT_GT(state.bytes(), bytes);
  }
}

TEST_P(PolicyConformance, APromptIsSelectedByItsLastScores) {
  constexpr int kPrompt = 50;
  const std::vector<Token> prompt(tokens_.begin(), tokens_.begin() + kPrompt);
  Sequence sequence(model(), options());
  sequence.read_prompt_at_once(prompt);
  if (!drops()) {
    EXPECT_EQ(sequence.state().positions(0, 0).size(), prompt.size());
    return;
  }
  MultiState wide = make_state(kPrompt);
  read(model(), wide, prompt);
  for (int layer = 0; layer < wide.n_layers(); ++layer) {
    for (int lane = 0; lane < wide.lanes(layer); ++lane) {
      const auto found = sequence.state().positions(layer, lane);
      ASSERT_EQ(found.size(), static_cast<std::size_t>(kCapacity));
      // Whatever the policy pins stays; of the others, none that was left out had more than one that stayed.
      const auto policy = parse_policy(GetParam().policy);
      const std::vector<float> scores = wide.scores(layer, lane);
      float least_kept = kPinned, most_dropped = -kPinned;
      for (int t = 0; t < kPrompt; ++t) {
        const Slot slot{t, scores[static_cast<std::size_t>(t)]};
        const float worth = std::visit(
            [&](const auto& p) {
              return p.keep(slot, {kPrompt - 1, kCapacity});
            },
            policy);
        const bool stayed = std::binary_search(found.begin(), found.end(), t);
        if (stayed) least_kept = std::min(least_kept, worth);
        if (!stayed) most_dropped = std::max(most_dropped, worth);
      }
      EXPECT_GE(least_kept, most_dropped) << "layer " << layer << " lane " << lane;
    }
  }
  EXPECT_EQ(sequence.read({tokens_.begin() + kPrompt, tokens_.end()}), kTokens - kPrompt);
  EXPECT_EQ(sequence.state().positions(0, 0).size(), static_cast<std::size_t>(kCapacity));
}

TEST_P(PolicyConformance, OneSlotIsAStateOfOneToken) {
  if (!drops() || GetParam().policy.ends_with("+2")) GTEST_SKIP() << "needs more than one slot";
  MultiState state = make_state(1);
  const Reading one_by_one = read(model(), state, tokens_, {1});
  for (const auto& positions : kept(state)) EXPECT_EQ(positions.size(), 1u);
  if (GetParam().policy == "window") {
    for (const auto& positions : kept(state)) EXPECT_EQ(positions.front(), kTokens - 1);
  }
  state.reset();
  expect_equal(GetParam().device, state.options(), read(model(), state, tokens_, {33}), one_by_one);
}

std::vector<ConformanceCase> cases() {
  std::vector<ConformanceCase> cases;
  for (const DeviceInfo& device : list_backends()) {
    for (const char* policy : {"full", "window", "window+2", "tova", "tova-head", "tova+2", "h2o",
                               "h2o-layer", "decayed", "mass:decay=0.5,recent=0.3,by=head"}) {
      for (const char* positions : {"absolute", "in-cache", "compressed"}) {
        cases.push_back({device.name, policy, positions});
      }
    }
  }
  return cases;
}

std::string test_name(const ::testing::TestParamInfo<ConformanceCase>& info) {
  std::string name = info.param.device + "_" + info.param.policy + "_" + info.param.positions;
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, PolicyConformance, ::testing::ValuesIn(cases()), test_name);

}  // namespace
}  // namespace msrnn::testing
