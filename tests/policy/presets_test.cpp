// The presets against the definitions of the policies they are named after.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "policy/parse.h"

namespace msrnn {
namespace {

AttentionMass mass(std::string_view name) { return std::get<AttentionMass>(parse_policy(name)); }

TEST(Presets, Granularity) {
  for (const char* name : {"tova", "tova+4", "h2o-layer", "decayed", "window", "window+4", "full"}) {
    EXPECT_EQ(granularity(parse_policy(name)), Granularity::layer) << name;
  }
  for (const char* name : {"tova-head", "h2o"}) {
    EXPECT_EQ(granularity(parse_policy(name)), Granularity::kv_head) << name;
  }
}

TEST(Presets, OnlyMassLooksAtAttentionAndOnlyFullIsUnbounded) {
  for (const char* name : {"tova", "tova-head", "tova+4", "h2o", "h2o-layer", "decayed"}) {
    EXPECT_TRUE(observes(parse_policy(name))) << name;
    EXPECT_TRUE(bounded(parse_policy(name))) << name;
  }
  EXPECT_FALSE(observes(parse_policy("window")));
  EXPECT_TRUE(bounded(parse_policy("window")));
  EXPECT_FALSE(observes(parse_policy("full")));
  EXPECT_FALSE(bounded(parse_policy("full")));
}

TEST(Presets, Scores) {
  EXPECT_EQ(mass("tova").update(0.75f, 0.125f), 0.125f);
  EXPECT_EQ(mass("tova-head").update(0.75f, 0.125f), 0.125f);
  EXPECT_EQ(mass("h2o").update(0.75f, 0.125f), 0.875f);
  EXPECT_EQ(mass("h2o-layer").update(0.75f, 0.125f), 0.875f);
  EXPECT_EQ(mass("decayed").update(0.75f, 0.125f), 0.95f * 0.75f + 0.125f);
}

// How many of the newest tokens keep() pins at a capacity.
int pinned_recent(const AttentionMass& policy, std::int32_t capacity) {
  const Clock clock{.now = 100000, .capacity = capacity};
  int pinned = 0;
  for (std::int32_t age = 0; age <= capacity; ++age) {
    if (policy.keep({.position = clock.now - age, .score = 1}, clock) == kPinned) ++pinned;
  }
  return pinned;
}

TEST(Presets, RecentWindowsAreRoundedDown) {
  for (std::int32_t capacity = 1; capacity <= 130; ++capacity) {
    EXPECT_EQ(pinned_recent(mass("tova"), capacity), 0);
    EXPECT_EQ(pinned_recent(mass("h2o"), capacity), capacity / 2);
    EXPECT_EQ(pinned_recent(mass("h2o-layer"), capacity), capacity / 2);
    EXPECT_EQ(pinned_recent(mass("decayed"), capacity), capacity / 4);
    EXPECT_EQ(pinned_recent(mass("mass:recent=1"), capacity), capacity);
  }
}

TEST(Presets, SharesInPercentAreExact) {
  for (std::int32_t percent = 0; percent <= 100; ++percent) {
    const AttentionMass policy = mass(fmt::format("mass:recent={}.{:02}", percent / 100, percent % 100));
    for (std::int32_t capacity = 1; capacity <= 8192; ++capacity) {
      const Clock clock{.now = 100000, .capacity = capacity};
      const std::int32_t expected = percent * capacity / 100;
      for (const std::int32_t age : {expected - 1, expected}) {
        const float keep = policy.keep({.position = clock.now - age}, clock);
        ASSERT_EQ(keep, age < expected ? kPinned : 0.0f) << percent << " of " << capacity;
      }
    }
  }
}

TEST(Presets, Sinks) {
  const Clock clock{.now = 1000, .capacity = 64};
  for (const char* name : {"window+4", "tova+4", "mass:decay=1,sinks=4"}) {
    std::visit(
        [&](const auto& policy) {
          EXPECT_EQ(policy.keep({.position = 3}, clock), kPinned) << name;
          EXPECT_LT(policy.keep({.position = 4}, clock), kPinned) << name;
        },
        parse_policy(name));
  }
  EXPECT_LT(std::get<Window>(parse_policy("window")).keep({.position = 0}, clock), kPinned);
  EXPECT_EQ(std::get<Full>(parse_policy("full")).keep({.position = 0}, clock), kPinned);
}

}  // namespace
}  // namespace msrnn
