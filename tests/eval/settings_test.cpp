#include "eval/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "msrnn/error.h"

namespace msrnn::testing {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> keys_of(const std::vector<std::string>& policies, const std::vector<int>& sizes) {
  std::vector<std::string> keys;
  for (const Setting& setting : every_setting(policies, sizes)) keys.push_back(setting.key());
  return keys;
}

TEST(SettingsTest, ArePairsOfPolicyAndSize) {
  EXPECT_THAT(
      keys_of({"full", "tova", "baseline", "window+4"}, {8, 4}),
      ElementsAre("full", "tova/8", "tova/4", "baseline/8", "baseline/4", "window+4/8", "window+4/4"));
  EXPECT_THAT(keys_of({"full"}, {}), ElementsAre("full"));
}

TEST(SettingsTest, RefuseWhatCannotBe) {
  const auto refused = [](const std::vector<std::string>& policies, const std::vector<int>& sizes) {
    EXPECT_THROW(every_setting(policies, sizes), UsageError);
  };
  refused({}, {});
  refused({}, {64});
  refused({"psychic"}, {64});
  refused({"tova"}, {});
  refused({"tova"}, {0});
  refused({"tova"}, {-1});
  refused({"window+4"}, {3});
  refused({"baseline"}, {1});
  refused({"tova", "tova"}, {64});
  refused({"tova"}, {64, 64});
  refused({"full", "full"}, {64});
}

TEST(SettingsTest, GiveTheStateTheyStandFor) {
  const StateOptions bounded = Setting{"h2o", 48}.state({.type = "f32", .positions = "in-cache"});
  EXPECT_EQ(bounded.policy, "h2o");
  EXPECT_EQ(bounded.capacity, 48);
  EXPECT_EQ(bounded.type, "f32");
  EXPECT_EQ(bounded.positions, "in-cache");
  EXPECT_EQ(Setting{"full"}.state({.capacity = 7}).capacity, 7);
}

TEST(SettingsTest, AreWrittenAndRead) {
  for (const Setting& setting : {Setting{"full"}, Setting{"tova", 512}}) {
    nlohmann::ordered_json line;
    write_setting(line, setting);
    EXPECT_EQ(line.contains("size"), setting.size != 0);
    EXPECT_EQ(read_setting(line), setting);
  }
  EXPECT_THROW(read_setting({{"size", 8}}), nlohmann::json::exception);
  EXPECT_THROW(read_setting({{"policy", "tova"}, {"size", "8"}}), nlohmann::json::exception);
}

}  // namespace
}  // namespace msrnn::testing
