// Random runs of a lane of slots against a plain list of tokens that follows the published definitions.
#include <algorithm>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "policy/parse.h"
#include "policy/sweep.h"

namespace msrnn {
namespace {

// A policy as the literature states it, told apart by name and not by the functor under test.
struct Definition {
  std::string name;
  float decay;                                       // of the score of an attention policy
  bool first_in_first_out;                           // scores play no part
  std::function<std::size_t(std::size_t)> n_recent;  // capacity → newest tokens that stay
  std::int32_t n_first;                              // first tokens of the sequence that stay
};

const Definition kDefinitions[] = {
    {"tova", 0, false, [](std::size_t) { return std::size_t{0}; }, 0},
    {"tova-head", 0, false, [](std::size_t) { return std::size_t{0}; }, 0},
    {"tova+3", 0, false, [](std::size_t) { return std::size_t{0}; }, 3},
    {"h2o", 1, false, [](std::size_t k) { return k / 2; }, 0},
    {"h2o-layer", 1, false, [](std::size_t k) { return k / 2; }, 0},
    {"decayed", 0.95f, false, [](std::size_t k) { return k / 4; }, 0},
    {"window", 0, true, [](std::size_t) { return std::size_t{0}; }, 0},
    {"window+4", 0, true, [](std::size_t) { return std::size_t{0}; }, 4},
    {"mass:decay=0.5,recent=0.75,sinks=1", 0.5f, false, [](std::size_t k) { return 3 * k / 4; }, 1},
    {"mass:decay=0.25,recent=1", 0.25f, false, [](std::size_t k) { return k; }, 0},
};

// Tokens oldest first.
class TokenList {
 public:
  TokenList(const Definition& definition, std::size_t capacity, Pins pins)
      : definition_(definition), capacity_(capacity), pins_(pins) {}

  // Position of the token dropped, kEmpty if none.
  std::int32_t step(std::int32_t position, const std::function<float(std::int32_t)>& mass) {
    tokens_.push_back({position, 0});
    for (Slot& token : tokens_) token.score = definition_.decay * token.score + mass(token.position);
    if (tokens_.size() <= capacity_) return kEmpty;
    const std::size_t chosen = choose();
    const std::int32_t victim = tokens_[chosen].position;
    tokens_.erase(tokens_.begin() + static_cast<std::ptrdiff_t>(chosen));
    return victim;
  }

  const std::vector<Slot>& tokens() const { return tokens_; }

 private:
  std::size_t choose() const {
    std::vector<std::size_t> candidates, unprotected;
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      if (pins_.contain(tokens_[i].position)) continue;
      candidates.push_back(i);
      const bool recent = i + definition_.n_recent(capacity_) >= tokens_.size();
      if (!recent && tokens_[i].position >= definition_.n_first) unprotected.push_back(i);
    }
    if (unprotected.empty()) return candidates.front();
    if (definition_.first_in_first_out) return unprotected.front();
    return *std::ranges::min_element(unprotected, {}, [this](std::size_t i) { return tokens_[i].score; });
  }

  const Definition& definition_;
  std::size_t capacity_;
  Pins pins_;
  std::vector<Slot> tokens_;
};

struct Scenario {
  const Definition& definition;
  std::int32_t capacity;
  std::vector<Span> pins;
  std::uint32_t seed;
  std::int32_t mass_levels;  // few levels make ties
};

template <class P>
void expect_equal(const P& policy, const Scenario& run) {
  constexpr std::int32_t kSteps = 150;
  const Pins pins{run.pins.data(), static_cast<std::int32_t>(run.pins.size())};
  TokenList list(run.definition, static_cast<std::size_t>(run.capacity), pins);
  std::vector<Slot> slots(static_cast<std::size_t>(run.capacity) + 1);
  std::vector<float> slot_mass(slots.size());
  std::size_t free_slot = 0;
  std::mt19937 random(run.seed);
  std::vector<float> mass(kSteps);
  for (std::int32_t t = 0; t < kSteps; ++t) {
    for (float& m : mass) {
      m = static_cast<float>(random() % static_cast<std::uint32_t>(run.mass_levels)) /
          static_cast<float>(run.mass_levels);
    }
    const auto mass_at = [&](std::int32_t position) { return mass[static_cast<std::size_t>(position)]; };
    const std::int32_t expected = list.step(t, mass_at);

    slots[free_slot] = {.position = t, .score = 0};
    for (std::size_t s = 0; s < slots.size(); ++s) {
      slot_mass[s] =
          slots[s].position == kEmpty ? std::numeric_limits<float>::quiet_NaN() : mass_at(slots[s].position);
    }
    const auto n_slots = static_cast<std::int32_t>(slots.size());
    update_scores(policy, slots.data(), n_slots, slot_mass.data());
    const Eviction eviction =
        evict(policy, slots.data(), n_slots, {.now = t, .capacity = run.capacity}, pins);
    free_slot = static_cast<std::size_t>(eviction.free_slot);
    ASSERT_EQ(eviction.victim, expected) << "step " << t;

    std::vector<Slot> live;
    std::ranges::copy_if(slots, std::back_inserter(live), [](const Slot& s) { return s.position != kEmpty; });
    std::ranges::sort(live, {}, &Slot::position);
    ASSERT_TRUE(std::ranges::equal(live, list.tokens(), {}, &Slot::position, &Slot::position))
        << "step " << t;
    if (P::observes) {
      ASSERT_TRUE(std::ranges::equal(live, list.tokens(), {}, &Slot::score, &Slot::score)) << "step " << t;
    }
  }
}

class AgainstAList : public ::testing::TestWithParam<Definition> {};

TEST_P(AgainstAList, SameVictimsAndScores) {
  const Definition& definition = GetParam();
  const Policy policy = parse_policy(definition.name);
  std::uint32_t seed = 0;
  for (const std::int32_t capacity : {1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 64, 149, 150}) {
    if (capacity < definition.n_first) continue;
    for (const std::int32_t levels : {1, 2, 5, 1 << 20}) {
      for (const bool pinned : {false, true}) {
        std::vector<Span> pins;
        if (pinned && capacity >= 4) pins = {{capacity / 2, capacity / 2 + 1}, {60, 60 + capacity / 4}};
        const Scenario run{definition, capacity, pins, ++seed, levels};
        SCOPED_TRACE(fmt::format("capacity {}, {} levels, {} spans", capacity, levels, pins.size()));
        std::visit([&](const auto& p) { expect_equal(p, run); }, policy);
        if (HasFatalFailure()) return;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Sweep, AgainstAList, ::testing::ValuesIn(kDefinitions), [](const auto& test) {
  std::string name = test.param.name;
  std::ranges::replace_if(
      name, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
  return name;
});

}  // namespace
}  // namespace msrnn
