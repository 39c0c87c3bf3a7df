// What holds for every device: it computes what the reference device computes, for a row whatever the other
// rows and the number of threads.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backend/registry.h"
#include "conformance/reading.h"
#include "state/state_data.h"

namespace msrnn::testing {
namespace {

constexpr int kCapacity = 12;

const char* const kPolicies[] = {"full",      "window", "window+2",  "tova",
                                 "tova-head", "h2o",    "h2o-layer", "decayed"};
const char* const kPositions[] = {"absolute", "in-cache", "compressed"};

std::vector<std::string> devices() {
  std::vector<std::string> names;
  for (const DeviceInfo& device : list_backends()) names.push_back(device.name);
  return names;
}

class DeviceConformance : public ::testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(All, DeviceConformance, ::testing::ValuesIn(devices()));

TEST_P(DeviceConformance, ComputesWhatTheReferenceComputes) {
  const Model& model = tiny_model(GetParam(), 2);
  const Model& reference = tiny_model("reference");
  for (const char* policy : kPolicies) {
    for (const char* positions : kPositions) {
      SCOPED_TRACE(std::string(policy) + " " + positions);
      const StateOptions options{
          .policy = policy, .capacity = kCapacity, .type = "f32", .positions = positions};
      MultiState state(model, options), reference_state(reference, options);
      const std::vector<Token> tokens = random_tokens(90, 3);
      const Reading expected = read(reference, reference_state, tokens);
      const Reading found = read(model, state, tokens);
      EXPECT_EQ(found.victims, expected.victims);
      EXPECT_LE(largest_difference(found.logits, expected.logits), 5e-3f);
    }
  }
}

// Weights of few bits may meet activations of 8: near, not equal.
TEST_P(DeviceConformance, IsNearTheReferenceWithQuantisedWeights) {
  for (const GgufTensor type : {GgufTensor::q8_0, GgufTensor::q4_0, GgufTensor::q4_1}) {
    const Model& model = tiny_model(GetParam(), 2, type);
    const Model& reference = tiny_model("reference", 1, type);
    const StateOptions options{.policy = "window", .capacity = kCapacity};
    MultiState state(model, options), reference_state(reference, options);
    const std::vector<Token> tokens = random_tokens(60, 4);
    const std::vector<float> expected = read(reference, reference_state, tokens).logits;
    const std::vector<float> found = read(model, state, tokens).logits;
    double error = 0, size = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      error += (found[i] - expected[i]) * (found[i] - expected[i]);
      size += expected[i] * expected[i];
    }
    EXPECT_LE(error, 1e-3 * size) << "type " << static_cast<int>(type);
  }
}

// States of few bits are near those of many, by the error of a number: of 11 bits, of 8, and of an integer up
// to 127 for the largest of 32.
TEST_P(DeviceConformance, StatesOfFewBitsAreNear) {
  const Model& model = tiny_model(GetParam(), 2);
  for (const char* positions : kPositions) {
    for (const char* policy : {"full", "window+2"}) {
      StateOptions options{.policy = policy, .capacity = kCapacity, .type = "f32", .positions = positions};
      const std::vector<Token> tokens = random_tokens(60, 14);
      MultiState exact(model, options);
      const std::vector<float> expected = read(model, exact, tokens).logits;
      for (const auto& [type, bound] : {std::pair("f16", 2e-3), {"bf16", 1.5e-2}, {"q8_0", 2e-2}}) {
        options.type = type;
        MultiState state(model, options);
        const std::vector<float> found = read(model, state, tokens).logits;
        double error = 0, size = 0;
        for (std::size_t i = 0; i < expected.size(); ++i) {
          error += std::pow(double{found[i]} - double{expected[i]}, 2);
          size += std::pow(double{expected[i]}, 2);
        }
        EXPECT_LE(std::sqrt(error / size), bound) << policy << " " << positions << " " << type;
        EXPECT_GT(error, 0) << type;
      }
    }
  }
}

TEST_P(DeviceConformance, ThreadsChangeNothing) {
  for (const GgufTensor type : {GgufTensor::f32, GgufTensor::q8_0, GgufTensor::q4_1}) {
    for (const char* policy : {"full", "tova", "h2o", "window+2"}) {
      const char* state_type = type == GgufTensor::q8_0 ? "f16" : "q8_0";
      const StateOptions options{.policy = policy, .capacity = kCapacity, .type = state_type};
      const std::vector<Token> tokens = random_tokens(60, 5);
      std::vector<Reading> readings;
      for (const int threads : {1, 2, 3}) {
        const Model& model = tiny_model(GetParam(), threads, type);
        MultiState state(model, options);
        readings.push_back(read(model, state, tokens, {1, 1, 30, 7}));
      }
      EXPECT_TRUE(readings[1] == readings[0]) << policy;
      EXPECT_TRUE(readings[2] == readings[0]) << policy;
    }
  }
}

struct Member {
  StateOptions options;
  std::vector<Token> tokens;
  std::size_t first_block;
};

// One pass that reads the next `blocks[i]` tokens of each member; returns the logits of all rows.
std::vector<float> read_together(const Model& model, const std::vector<Member>& members,
                                 std::vector<MultiState>& states, const std::vector<std::size_t>& first,
                                 const std::vector<std::size_t>& counts) {
  std::vector<Token> tokens;
  std::vector<Segment> segments;
  for (std::size_t i = 0; i < members.size(); ++i) {
    segments.push_back({static_cast<int>(tokens.size()), static_cast<int>(counts[i]), &states[i], nullptr});
    const auto begin = members[i].tokens.begin() + static_cast<std::ptrdiff_t>(first[i]);
    tokens.insert(tokens.end(), begin, begin + static_cast<std::ptrdiff_t>(counts[i]));
  }
  std::vector<std::int32_t> rows(tokens.size());
  std::iota(rows.begin(), rows.end(), 0);
  std::vector<float> logits(tokens.size() * static_cast<std::size_t>(model.config().vocabulary));
  model.forward(tokens, segments, logits, {.logits_rows = rows, .observe = {}});
  return logits;
}

// Sequences of different lengths, policies, capacities and types, in passes of blocks and of single tokens.
TEST_P(DeviceConformance, ABatchIsItsSequencesAlone) {
  for (const GgufTensor type : {GgufTensor::f32, GgufTensor::q8_0, GgufTensor::q4_1}) {
    const Model& model = tiny_model(GetParam(), 2, type);
    const std::vector<Member> members = {
        {{.policy = "tova", .capacity = 9}, random_tokens(50, 6), 29},
        {{.policy = "h2o", .capacity = 4, .type = "bf16"}, random_tokens(22, 7), 1},
        {{.policy = "tova", .capacity = 11, .type = "q8_0"}, random_tokens(40, 13), 18},
        {{.policy = "full", .type = "f32"}, random_tokens(61, 8), 40},
        {{.policy = "window+2", .capacity = 30, .positions = "in-cache"}, random_tokens(26, 9), 5},
    };
    std::vector<MultiState> states;
    std::vector<std::size_t> first(members.size(), 0), counts;
    for (const Member& member : members) {
      states.emplace_back(model, member.options);
      counts.push_back(member.first_block);
    }
    std::vector<std::vector<float>> together(members.size());
    for (int pass = 0; pass < 22; ++pass) {
      const std::vector<float> logits = read_together(model, members, states, first, counts);
      auto next = logits.begin();
      for (std::size_t i = 0; i < members.size(); ++i) {
        const auto end = next + static_cast<std::ptrdiff_t>(counts[i]) * model.config().vocabulary;
        together[i].insert(together[i].end(), next, end);
        next = end;
        first[i] += counts[i];
        counts[i] = 1;
      }
    }
    for (std::size_t i = 0; i < members.size(); ++i) {
      MultiState alone(model, members[i].options);
      const std::vector<Token> tokens(members[i].tokens.begin(),
                                      members[i].tokens.begin() + static_cast<std::ptrdiff_t>(first[i]));
      const Reading expected = read(model, alone, tokens, {static_cast<int>(members[i].first_block), 1});
      EXPECT_TRUE(together[i] == expected.logits)
          << "member " << i << ": " << largest_difference(together[i], expected.logits);
      EXPECT_EQ(kept(states[i]), kept(alone));
    }
  }
}

// Moves the tokens of every lane into other slots.
void permute_slots(StateData& data, unsigned seed) {
  std::mt19937 random(seed);
  for (int l = 0; l < data.shape().n_layers; ++l) {
    const LayerState layer = data.layer(l);
    const StateData before_data = data.clone();
    const LayerState before = before_data.layer(l);
    for (int lane = 0; lane < layer.lanes; ++lane) {
      std::vector<std::int32_t> to(static_cast<std::size_t>(layer.n_slots()));
      std::iota(to.begin(), to.end(), 0);
      std::shuffle(to.begin(), to.end(), random);
      for (std::int32_t s = 0; s < layer.n_slots(); ++s) {
        const std::int32_t target = to[static_cast<std::size_t>(s)];
        layer.lane(lane)[target] = before.lane(lane)[s];
        copy_slot(before, s, layer, target, lane);
      }
      layer.free_slot[lane] = to[static_cast<std::size_t>(before.free_slot[lane])];
    }
  }
}

TEST_P(DeviceConformance, TheOrderOfSlotsMeansNothing) {
  const Model& model = tiny_model(GetParam());
  for (const char* policy : kPolicies) {
    for (const char* positions : kPositions) {
      SCOPED_TRACE(std::string(policy) + " " + positions);
      MultiState state(model,
                       {.policy = policy, .capacity = kCapacity, .type = "f32", .positions = positions});
      read(model, state, random_tokens(40, 10));
      MultiState permuted = state.clone();
      permute_slots(permuted.data(), 11);
      ASSERT_EQ(kept(permuted), kept(state));
      const std::vector<Token> rest = random_tokens(30, 12);
      const Reading expected = read(model, state, rest, {1, 13});
      const Reading found = read(model, permuted, rest, {1, 13});
      EXPECT_EQ(found.victims, expected.victims);
      EXPECT_LE(largest_difference(found.logits, expected.logits), 5e-4f);
    }
  }
}

}  // namespace
}  // namespace msrnn::testing
