#include "policy/parse.h"

#include <random>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "msrnn/error.h"
#include "msrnn/policy.h"

namespace msrnn {
namespace {

using ::testing::HasSubstr;

void expect_refused(std::string_view text, const std::string& reason) {
  try {
    parse_policy(text);
    ADD_FAILURE() << text << " accepted; expected: " << reason;
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), HasSubstr(reason));
  }
}

TEST(ParsePolicy, NamesComeBack) {
  for (const char* text :
       {"tova", "tova-head", "h2o", "h2o-layer", "decayed", "window", "full", "window+1", "window+4",
        "tova+1", "tova+4", "mass:decay=0.5", "mass:recent=0.25", "mass:decay=1,recent=1,sinks=3",
        "mass:decay=0.9,recent=0.125,sinks=7,by=head", "mass:sinks=2,by=head"}) {
    EXPECT_EQ(to_string(parse_policy(text)), text);
  }
}

TEST(ParsePolicy, ShortestNameIsGivenForEachMember) {
  EXPECT_EQ(to_string(parse_policy("mass")), "tova");
  EXPECT_EQ(to_string(parse_policy("mass:decay=0,recent=0,sinks=0,by=layer")), "tova");
  EXPECT_EQ(to_string(parse_policy("mass:by=head")), "tova-head");
  EXPECT_EQ(to_string(parse_policy("mass:by=head,recent=0.5,decay=1")), "h2o");
  EXPECT_EQ(to_string(parse_policy("mass:decay=1.0,recent=5e-1")), "h2o-layer");
  EXPECT_EQ(to_string(parse_policy("mass:decay=0.95,recent=0.25")), "decayed");
  EXPECT_EQ(to_string(parse_policy("mass:sinks=4")), "tova+4");
  EXPECT_EQ(to_string(parse_policy("window+0")), "window");
  EXPECT_EQ(to_string(parse_policy("tova+0")), "tova");
}

TEST(ParsePolicy, EveryMemberComesBackExactly) {
  std::mt19937 random(3);
  std::uniform_real_distribution<float> share(0, 1);
  for (int i = 0; i < 10000; ++i) {
    const AttentionMass mass{.decay = share(random),
                             .recent = share(random),
                             .sinks = static_cast<std::int32_t>(random() % 3),
                             .granularity = random() % 2 == 0 ? Granularity::layer : Granularity::kv_head};
    const auto back = std::get<AttentionMass>(parse_policy(to_string(mass)));
    ASSERT_EQ(back.decay, mass.decay);
    ASSERT_EQ(back.recent, mass.recent);
    ASSERT_EQ(back.sinks, mass.sinks);
    ASSERT_EQ(back.granularity, mass.granularity);
  }
}

TEST(ParsePolicy, RefusesWhatIsNoPolicy) {
  for (const char* text :
       {"", "TOVA", "tova ", " tova", "window4", "mass=1", "full+1", "h2o+4", "tova-layer"}) {
    expect_refused(text, "there are: tova, tova-head, h2o, h2o-layer, decayed, window, full, window+N");
  }
  for (const char* text : {"window+", "window+-1", "window+x", "window+1x", "window+1.5",
                           "window+99999999999", "tova+", "tova+ 4", "mass:sinks=", "mass:sinks=-1"}) {
    expect_refused(text, "expected a number of first tokens");
  }
  for (const char* text : {"mass:decay", "mass:decay=", "mass:decay=1.01", "mass:decay=-0.1",
                           "mass:decay=nan", "mass:decay=inf", "mass:decay=0.5x", "mass:recent=2"}) {
    expect_refused(text, "must be a number from 0 to 1");
  }
  for (const char* text : {"mass:", "mass:decay=0.5,", "mass:,decay=0.5", "mass:decay=0,5",
                           "mass:by=", "mass:by=heads", "mass:bylayer", "mass:window=3"}) {
    expect_refused(text, "expected decay=, recent=, sinks= or by=layer|head");
  }
}

TEST(CheckCapacity, NeedsRoomForOneTokenAndTheSinks) {
  EXPECT_THROW(check_capacity(parse_policy("tova"), 0), UsageError);
  EXPECT_THROW(check_capacity(parse_policy("window"), -5), UsageError);
  EXPECT_NO_THROW(check_capacity(parse_policy("tova"), 1));
  EXPECT_NO_THROW(check_capacity(parse_policy("window+4"), 4));
  EXPECT_THROW(check_capacity(parse_policy("window+4"), 3), UsageError);
  EXPECT_THROW(check_capacity(parse_policy("mass:decay=1,sinks=2"), 1), UsageError);
  EXPECT_NO_THROW(check_capacity(parse_policy("full"), 0));
}

TEST(ListPolicies, HasEachNameOnceAndAllButPatternsParse) {
  std::set<std::string> names;
  for (const PolicyInfo& info : list_policies()) {
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    EXPECT_FALSE(info.description.empty());
    if (info.name.find('N') != std::string::npos) continue;
    EXPECT_EQ(to_string(parse_policy(info.name)), info.name);
  }
  EXPECT_EQ(names.size(), 10u);
}

}  // namespace
}  // namespace msrnn
