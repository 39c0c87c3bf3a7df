// Cases of eviction worked out by hand.
#include "policy/sweep.h"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/policy.h"

namespace msrnn {
namespace {

using ::testing::ElementsAre;

constexpr AttentionMass kTova{};
constexpr AttentionMass kH2o{.decay = 1, .recent = 0.5f};
constexpr AttentionMass kDecayed{.decay = 0.5f, .recent = 0.25f};
constexpr Slot kNoToken{};

template <class P>
Eviction evict_at(const P& policy, std::vector<Slot>& slots, std::int32_t now, std::vector<Span> spans = {}) {
  const auto n_slots = static_cast<std::int32_t>(slots.size());
  const Pins pins{spans.data(), static_cast<std::int32_t>(spans.size())};
  return evict(policy, slots.data(), n_slots, {.now = now, .capacity = n_slots - 1}, pins);
}

template <class P>
std::int32_t victim(const P& policy, std::vector<Slot> slots, std::int32_t now,
                    std::vector<Span> spans = {}) {
  return evict_at(policy, slots, now, std::move(spans)).victim;
}

TEST(Evict, TakesTheLeastScore) {
  std::vector<Slot> slots{{2, 0.3f}, {0, 0.4f}, {3, 0.1f}, {1, 0.2f}};
  const Eviction eviction = evict_at(kTova, slots, 3);
  EXPECT_EQ(eviction.free_slot, 2);
  EXPECT_EQ(eviction.victim, 3);  // the newest may go itself
  EXPECT_EQ(slots[2].position, kEmpty);
  EXPECT_EQ(slots[2].score, 0.0f);
  EXPECT_EQ(slots[1].position, 0);
  EXPECT_EQ(slots[1].score, 0.4f);
}

TEST(Evict, OfEqualsTheOldestGoesWhateverTheSlots) {
  EXPECT_EQ(victim(kTova, {{2, 0.5f}, {0, 0.5f}, {1, 0.5f}}, 2), 0);
  EXPECT_EQ(victim(kTova, {{0, 0.5f}, {1, 0.2f}, {2, 0.2f}}, 2), 1);
  EXPECT_EQ(victim(kTova, {{2, 0.2f}, {1, 0.2f}, {0, 0.5f}}, 2), 1);
  EXPECT_EQ(victim(kTova, {{0, 0.0f}, {1, -0.0f}}, 1), 0);
}

TEST(Evict, TakesAnEmptySlotFirst) {
  std::vector<Slot> slots{{0, 0.1f}, kNoToken, {1, 0.0f}, kNoToken};
  const Eviction eviction = evict_at(kTova, slots, 1);
  EXPECT_EQ(eviction.free_slot, 1);
  EXPECT_EQ(eviction.victim, kEmpty);
  EXPECT_EQ(slots[0].position, 0);
  EXPECT_EQ(slots[2].position, 1);
  EXPECT_EQ(victim(Full{}, {{0, 0}, kNoToken}, 0), kEmpty);
}

TEST(Evict, WindowDropsTheOldestBehindTheSinks) {
  EXPECT_EQ(victim(Window{}, {{3, 0}, {1, 0}, {2, 0}}, 3), 1);
  EXPECT_EQ(victim(Window{.sinks = 1}, {{3, 0}, {0, 0}, {2, 0}}, 3), 2);
  EXPECT_EQ(victim(Window{.sinks = 2}, {{0, 0}, {1, 0}, {7, 0}}, 7), 7);
  EXPECT_EQ(victim(Window{.sinks = 3}, {{0, 0}, {1, 0}, {2, 0}}, 2), 0);  // nothing else is left
}

TEST(Evict, CapacityOneKeepsTheMoreLookedAt) {
  EXPECT_EQ(victim(kTova, {{4, 0.6f}, {9, 0.4f}}, 9), 9);
  EXPECT_EQ(victim(kTova, {{4, 0.4f}, {9, 0.6f}}, 9), 4);
  EXPECT_EQ(victim(kH2o, {{4, 0.4f}, {9, 0.1f}}, 9), 9);  // half of one, rounded down, pins nothing
  EXPECT_EQ(victim(Window{}, {{4, 0}, {9, 0}}, 9), 4);
}

TEST(Evict, TheRecentHalfIsSafeOddCapacitiesRoundDown) {
  // Capacity 5: the newest 2 of the 6 stay, positions 8 and 9.
  EXPECT_EQ(victim(kH2o, {{0, 5}, {1, 4}, {2, 3}, {7, 2}, {8, 1}, {9, 0}}, 9), 7);
  // Capacity 4: the newest 2 of the 5.
  EXPECT_EQ(victim(kH2o, {{0, 5}, {1, 4}, {7, 2}, {8, 1}, {9, 0}}, 9), 7);
  // Capacity 3: the newest 1 of the 4.
  EXPECT_EQ(victim(kH2o, {{0, 5}, {1, 4}, {8, 1}, {9, 0}}, 9), 8);
}

TEST(Evict, NeverTakesWhatTheCallerPins) {
  const std::vector<Slot> slots{{0, 0.1f}, {5, 0.2f}, {6, 0.3f}, {9, 0.4f}};
  EXPECT_EQ(victim(kTova, slots, 9, {{0, 1}}), 5);
  EXPECT_EQ(victim(kTova, slots, 9, {{5, 7}, {0, 1}}), 9);
  EXPECT_EQ(victim(kTova, slots, 9, {{1, 5}, {10, 20}}), 0);
  EXPECT_EQ(victim(kTova, slots, 9, {{5, 5}}), 0);                // an empty span
  EXPECT_EQ(victim(Window{.sinks = 1}, slots, 9, {{5, 10}}), 0);  // before the caller's pins the policy's go
  EXPECT_EQ(victim(kH2o, {{0, 0.1f}, {1, 0}, {2, 0}}, 2, {{0, 2}}), 2);
}

TEST(LeastWorth, IsNoneWhereTheCallerPinsAll) {
  const std::vector<Slot> slots{{0, 0.1f}, {1, 0.2f}};
  const Span all{0, 2};
  EXPECT_EQ(least_worth(kTova, slots.data(), 2, {1, 1}, {&all, 1}), -1);
}

TEST(LeastWorth, TakesALiveSlotWhateverTheScores) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_GE(victim(kTova, {{0, kNan}, {1, kNan}}, 1), 0);
  EXPECT_GE(victim(kTova, {{0, kPinned}, {1, -kPinned}}, 1), 0);
}

TEST(UpdateScores, LeavesEmptySlots) {
  std::vector<Slot> slots{{0, 1.0f}, kNoToken, {1, 2.0f}};
  const std::vector<float> mass{0.25f, 0.5f, 0.75f};
  const auto updated = [&](const auto& policy) {
    std::vector<Slot> copy = slots;
    update_scores(policy, copy.data(), 3, mass.data());
    return std::vector<float>{copy[0].score, copy[1].score, copy[2].score};
  };
  EXPECT_THAT(updated(kTova), ElementsAre(0.25f, 0, 0.75f));
  EXPECT_THAT(updated(kH2o), ElementsAre(1.25f, 0, 2.75f));
  EXPECT_THAT(updated(kDecayed), ElementsAre(0.75f, 0, 1.75f));
  EXPECT_THAT(updated(Window{}), ElementsAre(1.0f, 0, 2.0f));
}

}  // namespace
}  // namespace msrnn
