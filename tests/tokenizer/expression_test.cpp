#include "tokenizer/expression.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "msrnn/error.h"

namespace msrnn {
namespace {

using ::testing::HasSubstr;

TEST(Expression, SaysTheSameInPcre2) {
  EXPECT_EQ(pcre2_expression(R"(\s+(?!\S)|[^\s\d]\D)"),
            R"(\p{White_Space}+(?!\P{White_Space})|[^\p{White_Space}\p{Nd}]\P{Nd})");
  EXPECT_EQ(pcre2_expression(R"((a|\(b)\v{2,3}x{)"), R"((?:a|\(b)\x0b{2,3}x\{)");
  EXPECT_EQ(pcre2_expression(R"(^a$)"), R"((?m:^)a(?m:$))");
  EXPECT_EQ(pcre2_expression(R"([\[\]^$({a-z]\u00e9\p{Lu}++)"), R"([\[\]^$({a-z]\x{00e9}\p{Lu}++)");
}

TEST(Expression, RefusesWhatDiffers) {
  for (const std::string expression :
       {R"(\w)", R"(\b)", R"(\h)", R"(\A)", R"(\1)", R"(\pL)", R"(\u12)", R"(\)", R"([a[b]])", R"([a&&b])",
        R"([a)", R"([]a])", R"((?m:a))", R"((?<n>a))", R"((*LIMIT))", R"(a{2}+)", R"(a{1,2}?)", R"(a{,2})"}) {
    EXPECT_THAT([&] { pcre2_expression(expression); },
                testing::ThrowsMessage<Error>(HasSubstr("not supported")))
        << expression;
  }
}

}  // namespace
}  // namespace msrnn
