#include "html.h"

#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace msrnn {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Html, TextIsText) {
  EXPECT_EQ(html_text("<b a=\"x\" c='y'>&amp;"), "&lt;b a=&quot;x&quot; c=&#39;y&#39;&gt;&amp;amp;");
  EXPECT_EQ(html_text(std::string_view("a\0b\x1b\x7f\tc\n", 8)), "a\uFFFDb\uFFFD\uFFFD\tc\n");
  EXPECT_EQ(html_text("“é”"), "“é”");
}

TEST(Html, JsonEndsNoScript) {
  const nlohmann::ordered_json json = {{"</script>", "<!--<script>&"}, {"bytes", "a\xff\x01"}};
  const std::string text = html_json(json);
  EXPECT_THAT(text, Not(HasSubstr("<")));
  EXPECT_THAT(text, Not(HasSubstr(">")));
  const auto back = nlohmann::ordered_json::parse(text);
  EXPECT_EQ(back["</script>"], "<!--<script>&");
  EXPECT_EQ(back["bytes"], "a\uFFFD\x01");
}

TEST(Html, DataUriHasNoCharacterThatMeansSomething) {
  EXPECT_EQ(data_uri("text/csv", "a,b\r\n\"<é>"), "data:text/csv;charset=utf-8,a%2Cb%0D%0A%22%3C%C3%A9%3E");
}

// Expected: printf 'alert(1)' | openssl dgst -sha256 -binary | base64
TEST(Html, HashOfAScript) {
  EXPECT_EQ(script_hash("alert(1)"), "'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='");
}

TEST(Html, FillsOnce) {
  EXPECT_EQ(fill("{{a}}-{{b}}-{{a}} {", {{"a", "{{b}}"}, {"b", "x"}}), "{{b}}-x-{{b}} {");
  EXPECT_EQ(fill("", {}), "");
  EXPECT_EQ(fill("{{a", {{"a", "x"}}), "{{a");
  EXPECT_THROW(fill("{{c}}", {{"a", "x"}}), std::out_of_range);
}

}  // namespace
}  // namespace msrnn
