// Broken and hostile templates: an Error or a result, soon, and never more.
#include <ctime>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jinja/json_values.h"

namespace msrnn::jinja {
namespace {

std::string repeat(std::string_view part, std::size_t n) {
  std::string out;
  for (std::size_t i = 0; i < n; ++i) out += part;
  return out;
}

std::string outcome(const std::string& source, const Limits& limits = {}) {
  try {
    return Template(source).render(variables_from(golden()["variables"][0]), {golden_time, limits});
  } catch (const Error& error) {
    return std::string("Error: ") + error.what();
  }
}

TEST(Hostile, TruncatedTemplatesNeverCrash) {
  std::size_t rendered = 0;
  std::size_t refused = 0;
  for (const Json& test : golden()["cases"]) {
    const auto source = test["template"].get<std::string>();
    for (std::size_t n = 0; n < source.size(); ++n) {
      ++(outcome(source.substr(0, n)).starts_with("Error: ") ? refused : rendered);
    }
  }
  EXPECT_GT(rendered, 0u);
  EXPECT_GT(refused, 0u);
}

TEST(Hostile, TemplatesWithAByteChangedNeverCrash) {
  static constexpr std::string_view kBytes = "{}%#()[]'\"|.-~\x01\xff\n0";
  std::size_t i = 0;
  for (const Json& test : golden()["cases"]) {
    auto source = test["template"].get<std::string>();
    for (std::size_t n = 0; n < source.size(); ++n) {
      const char old = std::exchange(source[n], kBytes[i++ % kBytes.size()]);
      EXPECT_NO_FATAL_FAILURE(outcome(source));
      source[n] = old;
    }
  }
}

TEST(Hostile, DeepNestingIsRefused) {
  for (const std::size_t n : {90u, 101u, 1000u, 100'000u}) {
    for (const std::string_view open : {"(", "[", "-", "not ", "{1:", "a[", "f(", "1 if ", "1 is eq ["}) {
      outcome("{{ " + repeat(open, n));
    }
    for (const std::string_view open :
         {"{% if 1 %}", "{% for x in y %}", "{% macro m() %}", "{% set x %}", "{% filter trim %}"}) {
      EXPECT_THAT(outcome(repeat(open, n)), testing::HasSubstr("Error: "));
    }
    for (const std::string_view link :
         {".a", "[0]", "|trim", "+1", " is defined", "()", " and 1", "~1", " if 1 else 1", "==1"}) {
      outcome("{{ x" + repeat(link, n) + " }}");
    }
    outcome("{{ " + repeat("(", n) + "1" + repeat(")", n) + " }}");
    outcome("{% if 1 %}" + repeat("{% elif 1 %}", n) + "{% endif %}");
  }
}

TEST(Hostile, DeepValuesAreRefused) {
  const std::string deep =
      "{% set ns = namespace(x=[]) %}{% for i in range(100000) %}{% set ns.x = [ns.x] %}{% endfor %}";
  EXPECT_THAT(outcome(deep), testing::HasSubstr("nests deeper"));
  EXPECT_THAT(outcome("{% set ns = namespace() %}{% set ns.self = ns %}"), testing::HasSubstr("cannot hold"));
  EXPECT_THAT(outcome("{% set ns = namespace() %}{% set ns.self = [{'a': ns}] %}"),
              testing::HasSubstr("cannot hold"));
}

TEST(Hostile, EndlessWorkIsRefused) {
  const std::vector<std::string> sources = {
      "{% for i in range(10**9) %}x{% endfor %}",
      "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
      "{% for i in range(99999) %}{{ range(99999) | sum }}{% endfor %}",
      "{{ 'x' * 10**12 }}",
      "{{ [0] * 10**12 }}",
      "{{ ('x' * 10**6) * 10**6 }}",
      "{% set ns = namespace(s='x') %}{% for i in range(64) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
      "{% set ns = namespace(s=[1]) %}{% for i in range(64) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
      "{% set ns = namespace(s=[1]) %}{% for i in range(64) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ "
      "ns.s }}",
      "{% set ns = namespace(s=[1]) %}{% for i in range(64) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ "
      "ns.s == ns.s }}",
      "{% set ns = namespace(s=[1]) %}{% for i in range(64) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ "
      "ns.s | tojson }}",
      "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
      "{% macro m(n) %}{{ m(n + 1) }}{{ m(n + 1) }}{% endmacro %}{{ m(0) }}",
      "{% macro m(n) %}{% if n > 0 %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(40) }}",
      "{{ 'a\nb' | indent(10**12) }}",
      "{{ [1] | tojson(indent=10**12) }}",
      "{{ ('a' * 10**6) | replace('a', 'b' * 10**6) }}",
      "{{ ('a' * 10**6) | replace('', 'b' * 10**6) }}",
      "{{ (['a'] * 10**6) | join('b' * 10**6) }}",
      "{{ ('{}' * 10**4).format('x' * 10**6) }}",
      "{{ (range(99999) | list) | unique }}",
      "{{ 10 ** 100 }}",
      "{{ 9223372036854775807 + 1 }}",
      "{{ -9223372036854775807 - 2 }}",
      "{{ 9223372036854775807 * 2 }}",
      "{{ 1 // 0 }}{{ 1 % 0 }}",
      "{{ strftime_now('%c' * 10**5) }}",
  };
  for (const std::string& source : sources) {
    const std::clock_t start = std::clock();  // of this process: machines are busy
    EXPECT_THAT(outcome(source), testing::HasSubstr("Error: ")) << source;
    EXPECT_LT(static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC, 20) << source;
  }
}

TEST(Hostile, LimitsAreTheCallersChoice) {
  EXPECT_THAT(outcome("{% for i in range(1000) %}{% endfor %}", {100, 1 << 20, 100}),
              testing::HasSubstr("100 steps"));
  EXPECT_THAT(outcome("{{ 'x' * 1000 }}", {100, 500, 100}), testing::HasSubstr("500 bytes"));
  EXPECT_THAT(outcome("{{ [[[[1]]]] }}", {100, 5000, 4}), testing::HasSubstr("4 levels"));
  EXPECT_EQ(outcome("{{ 'x' * 3 }}", {100, 500, 10}), "xxx");
}

TEST(Hostile, SizeIsBounded) {
  EXPECT_EQ(outcome(std::string(kMaxTemplateBytes, 'x')).size(), kMaxTemplateBytes);
  EXPECT_THAT(outcome(std::string(kMaxTemplateBytes + 1, 'x')), testing::HasSubstr("expected at most"));
}

}  // namespace
}  // namespace msrnn::jinja
