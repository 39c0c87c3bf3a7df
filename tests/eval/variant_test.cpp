#include "eval/variant.h"

#include <gtest/gtest.h>

#include "msrnn/error.h"

namespace msrnn::testing {
namespace {

std::vector<std::string> keys(const std::vector<std::string>& policies, const std::vector<int>& sizes) {
  std::vector<std::string> found;
  for (const Variant& variant : every_variant(policies, sizes)) found.push_back(variant.key());
  return found;
}

TEST(VariantTest, EveryPairAndUnboundedPoliciesOnce) {
  EXPECT_EQ(keys({"full", "tova", "window+4"}, {64, 128}),
            (std::vector<std::string>{"full", "tova/64", "tova/128", "window+4/64", "window+4/128"}));
  EXPECT_EQ(keys({"full"}, {}), std::vector<std::string>{"full"});
}

TEST(VariantTest, RefusesWhatCannotBe) {
  const auto refused = [](const std::vector<std::string>& policies, const std::vector<int>& sizes) {
    EXPECT_THROW(every_variant(policies, sizes), UsageError);
  };
  refused({}, {64});
  refused({"psychic"}, {64});
  refused({"tova"}, {});
  refused({"tova"}, {0});
  refused({"tova"}, {-1});
  refused({"window+4"}, {3});
  refused({"tova", "tova"}, {64});
  refused({"tova"}, {64, 64});
  refused({"full", "full"}, {64});
}

TEST(VariantTest, GivesTheStateItStandsFor) {
  const StateOptions bounded = Variant{"h2o", 48}.state({.type = "f32", .positions = "in-cache"});
  EXPECT_EQ(bounded.policy, "h2o");
  EXPECT_EQ(bounded.capacity, 48);
  EXPECT_EQ(bounded.type, "f32");
  EXPECT_EQ(bounded.positions, "in-cache");
}

}  // namespace
}  // namespace msrnn::testing
