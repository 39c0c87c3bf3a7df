#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "msrnn/error.h"

#include "policy/live_slots.h"
#include "state/state_support.h"

namespace msrnn {
namespace {

std::vector<std::int32_t> kept(const StateData& state, int layer = 0, int lane = 0) {
  const LayerState view = state.layer(layer);
  std::vector<std::int32_t> positions;
  for (const std::int32_t slot : live_slots(view.lane_slots(lane)))
    positions.push_back(view.lane(lane)[slot].position);
  return positions;
}

TEST(StateData, RefusesImpossibleOptions) {
  EXPECT_THROW(make_state({.policy = "tovaa"}), UsageError);
  EXPECT_THROW(make_state({.capacity = 0}), UsageError);
  EXPECT_THROW(make_state({.capacity = -3}), UsageError);
  EXPECT_THROW(make_state({.capacity = 1 << 30}), UsageError);
  EXPECT_THROW(make_state({.policy = "window+4", .capacity = 3}), UsageError);
  EXPECT_THROW(make_state({.type = "f64"}), UsageError);
  EXPECT_THROW(make_state({.positions = "relative"}), UsageError);
  EXPECT_THROW(make_state({.layer_capacities = {4, 4}}), UsageError);
  EXPECT_THROW(make_state({.layer_capacities = {4, 0, 4}}), UsageError);
  EXPECT_NO_THROW(make_state({.policy = "window+4", .capacity = 4}));
}

TEST(StateData, SizeIsLinearInCapacityAndConstantInTime) {
  for (const char* policy : {"tova", "h2o", "window+1", "decayed"}) {
    StateData small = make_state({.policy = policy, .capacity = 63});
    const StateData large = make_state({.policy = policy, .capacity = 127});
    EXPECT_EQ(2 * small.bytes() <= large.bytes() + 1024 && large.bytes() <= 2 * small.bytes(), true)
        << policy;
    const std::size_t before = small.bytes();
    feed(small, 200);
    EXPECT_EQ(small.bytes(), before) << policy;
  }
}

TEST(StateData, NumberTypesHaveTheirSize) {
  const std::size_t f32 = make_state({.capacity = 1023, .type = "f32"}).bytes();
  const std::size_t f16 = make_state({.capacity = 1023, .type = "f16"}).bytes();
  EXPECT_EQ(make_state({.capacity = 1023, .type = "bf16"}).bytes(), f16);
  constexpr std::size_t kNumbers = 3u * 1024 * 2 * 2 * 32;  // layers · slots · (K, V) · KV heads · head size
  EXPECT_EQ(f32 - f16, 2 * kNumbers);
  EXPECT_EQ(f16 - make_state({.capacity = 1023, .type = "q8_0"}).bytes(), 2 * kNumbers - kNumbers / 32 * 34);
}

TEST(StateData, BlocksOfATypeHaveToFitHeads) {
  for (const int head_dim : {1, 6, 16, 31, 33, 80}) {
    StateShape shape = kShape;
    shape.head_dim = head_dim;
    EXPECT_THAT([&] { StateData(shape, {.type = "q8_0"}, reference_backend()); },
                testing::ThrowsMessage<UsageError>(
                    testing::HasSubstr("multiple of 32 numbers, found " + std::to_string(head_dim))));
    EXPECT_NO_THROW(StateData(shape, {.type = "bf16"}, reference_backend()));
  }
}

TEST(StateData, FullGrowsAndForgetsNothing) {
  StateData state = make_state({.policy = "full", .capacity = 1});
  feed(state, 700);
  const std::vector<std::int32_t> positions = kept(state, 2);
  ASSERT_EQ(positions.size(), 700u);
  for (int t = 0; t < 700; ++t) EXPECT_EQ(positions[static_cast<std::size_t>(t)], t);
}

TEST(StateData, GrowingChangesNothing) {
  StateData grown = make_state({.policy = "full"});
  StateData roomy = make_state({.policy = "full"});
  roomy.make_room(5000);
  EXPECT_EQ(feed(grown, 600), feed(roomy, 600));
}

TEST(StateData, LayersHaveTheirOwnCapacity) {
  StateData state = make_state({.layer_capacities = {1, 5, 9}});
  feed(state, 40);
  EXPECT_EQ(kept(state, 0).size(), 1u);
  EXPECT_EQ(kept(state, 1).size(), 5u);
  EXPECT_EQ(kept(state, 2).size(), 9u);
}

TEST(StateData, PinsAreMergedAndBounded) {
  StateData state = make_state({.capacity = 10});
  state.pin({5, 8});
  state.pin({7, 10});
  ASSERT_EQ(state.pinned_spans().size(), 1u);
  EXPECT_EQ(state.pinned_spans()[0].begin, 5);
  EXPECT_EQ(state.pinned_spans()[0].end, 10);
  state.pin({20, 25});
  EXPECT_THROW(state.pin({100, 101}), UsageError);
  EXPECT_THROW(state.pin({-1, 2}), UsageError);
  EXPECT_THROW(state.pin({9, 8}), UsageError);
  feed(state, 60);
  EXPECT_THAT(kept(state), testing::ElementsAre(5, 6, 7, 8, 9, 20, 21, 22, 23, 24));
  state.unpin_all();
  feed(state, 200);
  EXPECT_THAT(kept(state), testing::Not(testing::Contains(5)));
}

TEST(StateData, CloneGoesItsOwnWay) {
  StateData state = make_state({.policy = "h2o", .capacity = 7});
  feed(state, 30);
  StateData fork = state.clone();
  const auto before = kept(state, 1, 1);
  feed(fork, 30, 2);
  EXPECT_EQ(kept(state, 1, 1), before);
  StateData again = make_state({.policy = "h2o", .capacity = 7});
  feed(again, 30);
  EXPECT_EQ(feed(again, 20), feed(state, 20));
}

TEST(StateData, ResetIsFresh) {
  StateData state = make_state({.policy = "decayed", .capacity = 6});
  const std::vector<float> first = feed(state, 50);
  state.reset();
  EXPECT_EQ(state.position(), 0);
  EXPECT_EQ(feed(state, 50), first);
}

// Against the definition: drop the least worth keeping, one by one, with scores as they are.
TEST(StateData, SelectionDropsTheLeastOneByOne) {
  for (const char* policy : {"tova", "tova-head", "h2o", "h2o-layer", "decayed", "window", "window+2"}) {
    for (const int capacity : {2, 3, 16, 29, 30, 31}) {
      StateData wide = make_state({.policy = policy, .capacity = 64});
      feed(wide, 30);
      StateData narrow = make_state({.policy = policy, .capacity = capacity});
      narrow.pin({3, 4});
      narrow.select_from(wide);
      EXPECT_EQ(narrow.position(), 30);
      for (int l = 0; l < kShape.n_layers; ++l) {
        for (int lane = 0; lane < narrow.layer(l).lanes; ++lane) {
          const auto slots = wide.layer(l).lane_slots(lane);
          std::vector<Slot> left;
          for (const std::int32_t s : live_slots(slots)) left.push_back(slots[static_cast<std::size_t>(s)]);
          while (static_cast<int>(left.size()) > capacity) {
            auto least = left.end();
            for (auto it = left.begin(); it != left.end(); ++it) {
              if (it->position == 3) continue;
              const auto keep = [&](const Slot& s) {
                return std::visit(
                    [&](const auto& p) {
                      return p.keep(s, Clock{29, capacity});
                    },
                    narrow.policy());
              };
              if (least == left.end() || keep(*it) < keep(*least)) least = it;
            }
            left.erase(least);
          }
          std::vector<std::int32_t> expected;
          for (const Slot& slot : left) expected.push_back(slot.position);
          EXPECT_EQ(kept(narrow, l, lane), expected) << policy << " k=" << capacity;
        }
      }
      feed(narrow, 10);  // and it goes on
      EXPECT_EQ(kept(narrow).size(), static_cast<std::size_t>(std::min(capacity, 40)));
    }
  }
}

// Keys and values of a position, as floats.
std::vector<float> numbers_of(const StateData& state, std::int32_t position) {
  std::vector<float> numbers;
  for (int l = 0; l < kShape.n_layers; ++l) {
    const LayerState layer = state.layer(l);
    for (int h = 0; h < kShape.n_kv_heads; ++h) {
      const std::span<const Slot> slots = layer.lane_slots(layer.lane_of(h));
      const auto slot =
          std::find_if(slots.begin(), slots.end(), [&](Slot s) { return s.position == position; });
      const std::int64_t at = (std::int64_t{h} * layer.n_slots() + (slot - slots.begin())) *
                              stored_bytes(layer.dtype, kShape.head_dim);
      for (const std::byte* kv : {layer.k, layer.v}) {
        numbers.resize(numbers.size() + kShape.head_dim);
        dequantise(layer.dtype, kv + at, kShape.head_dim, &*numbers.end() - kShape.head_dim);
      }
    }
  }
  return numbers;
}

TEST(StateData, SelectionMovesNumbersOfEveryType) {
  for (const char* type : kTypes) {
    StateData wide = make_state({.policy = "window", .capacity = 64, .type = type});
    feed(wide, 30);
    StateData narrow = make_state({.policy = "window", .capacity = 7, .type = type});
    narrow.select_from(wide);
    for (int position = 23; position < 30; ++position) {
      EXPECT_EQ(numbers_of(narrow, position), numbers_of(wide, position)) << type << " " << position;
    }
    StateData grown = make_state({.policy = "full", .type = type}),
              first = make_state({.policy = "full", .type = type});
    feed(grown, 600);
    feed(first, 200);
    EXPECT_EQ(numbers_of(grown, 199), numbers_of(first, 199)) << type;
  }
}

TEST(StateData, SelectsOnlyFromItsOwnKind) {
  const StateData wide = make_state({.policy = "tova", .capacity = 8});
  for (const StateOptions& other : {StateOptions{.policy = "h2o", .capacity = 4},
                                    {.capacity = 4, .type = "q8_0"},
                                    {.capacity = 4, .positions = "in-cache"}}) {
    StateData narrow = make_state(other);
    EXPECT_THROW(narrow.select_from(wide), UsageError);
  }
}

}  // namespace
}  // namespace msrnn
