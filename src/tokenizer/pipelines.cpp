#include "tokenizer/pipelines.h"

#include <algorithm>
#include <array>

#include "base/fail.h"

namespace msrnn {
namespace {

// The expressions are those of the families' own tokenizer.json files.

// openai/gpt-2, encoder.py.
constexpr std::string_view kGpt2 =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
constexpr std::string_view kDigit = R"(\p{N})";
constexpr std::string_view kLlama3 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+)"
    R"(|\s+(?!\S)|\s+)";
constexpr std::string_view kQwen2 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+)"
    R"(|\s+(?!\S)|\s+)";
constexpr std::string_view kQwen35 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kGpt4o =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
    R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
    R"(|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kTekken =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+)"
    R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*)"
    R"(|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kLineEnds = R"([\r\n])";
// Letters of scripts that have two cases.
constexpr std::string_view kDeepSeekLetters =
    "\\s?[A-Za-z\u00B5\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u01BA\u01BC-\u01BF\u01C4-\u0293\u0295-\u02AF"
    "\u0370-\u0373\u0376\u0377\u037B-\u037D\u037F\u0386\u0388-\u038A\u038C\u038E-\u03A1\u03A3-\u03F5"
    "\u03F7-\u0481\u048A-\u052F\u0531-\u0556\u10A0-\u10C5\u13A0-\u13F5\u13F8-\u13FD\u1C90-\u1CBA\u1CBD-"
    "\u1CBF\u1D00-\u1D2B\u1D6B-\u1D77\u1D79-\u1D9A\u1E00-\u1F15\u1F18-\u1F1D\u1F20-\u1F45\u1F48-\u1F4D"
    "\u1F50-\u1F57\u1F59\u1F5B\u1F5D\u1F5F-\u1F7D\u1F80-\u1FB4\u1FB6-\u1FBC\u1FBE\u1FC2-\u1FC4\u1FC6-"
    "\u1FCC\u1FD0-\u1FD3\u1FD6-\u1FDB\u1FE0-\u1FEC\u1FF2-\u1FF4\u1FF6-\u1FFC\u2102\u2107\u210A-\u2113"
    "\u2115\u2119-\u211D\u2124\u2126\u2128\u212A-\u212D\u212F-\u2134\u2139\u213C-\u213F\u2145-\u2149"
    "\u214E\u2183\u2184\u2C00-\u2C7B\u2C7E-\u2CE4\u2CEB-\u2CEE\u2CF2\u2CF3\uA640-\uA66D\uA680-\uA69B"
    "\uA722-\uA76F\uA771-\uA787\uA78B-\uA78E\uAB70-\uABBF\uFB00-\uFB06\uFB13-\uFB17\uFF21-\uFF3A\uFF41-"
    "\uFF5A\U00010400-\U0001044F\U000104B0-\U000104D3\U000104D8-\U000104FB\U00010C80-\U00010CB2\U00010CC0"
    "-\U00010CF2\U000118A0-\U000118DF\U0001E900-\U0001E943]+";
constexpr std::string_view kDeepSeekSigns =
    "\\s?[!-/:-~\uFF01-\uFF0F\uFF1A-\uFF5E\u2018-\u201F\u3000-\u3002]+";
constexpr std::string_view kSpaceAtEnd = R"(\s+$)";
constexpr std::string_view kDeepSeekChinese = "[\u4E00-\u9FA5\u0800-\u4E00\uAC00-\uD7FF]+";
constexpr std::string_view kDeepSeekV3Words =
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";

enum class Merging : bool { always, unless_piece };
enum class Bos : bool { absent, added };

struct Named {
  std::string_view name;
  std::array<std::string_view, 6> expressions;  // each isolates its matches; empty: none
  Merging merging = Merging::always;
  Bos bos = Bos::absent;
};

// Of equal ones the first gives the name.
constexpr Named kNamed[] = {
    {"gpt-2", {kGpt2}},
    {"phi-2", {kGpt2}},
    {"olmo", {kGpt2}},
    {"smollm", {kDigit, kGpt2}},
    {"starcoder", {kDigit, kGpt2}},
    {"refact", {kDigit, kGpt2}},
    {"command-r", {kDigit, kGpt2}},
    {"llama-bpe", {kLlama3}, Merging::unless_piece, Bos::added},
    {"llama3", {kLlama3}, Merging::unless_piece, Bos::added},
    {"llama-v3", {kLlama3}, Merging::unless_piece, Bos::added},
    {"dbrx", {kLlama3}},
    {"smaug-bpe", {kLlama3}},
    {"qwen2", {kQwen2}},
    {"deepseek-r1-qwen", {kQwen2}},
    {"stablelm2", {kQwen2}},
    {"qwen35", {kQwen35}},
    {"gpt-4o", {kGpt4o}},
    {"tekken", {kTekken}, Merging::unless_piece, Bos::added},
    {"deepseek-llm", {kLineEnds, kDeepSeekLetters, kDeepSeekSigns, kSpaceAtEnd, kDeepSeekChinese, kDigit}},
    {"deepseek-coder", {kLineEnds, R"(\s?\p{L}+)", R"(\s?\p{P}+)", kDeepSeekChinese, kDigit}},
    {"deepseek-v3", {R"(\p{N}{1,3})", "[\u4E00-\u9FA5\u3040-\u309F\u30A0-\u30FF]+", kDeepSeekV3Words}},
    // llama.cpp's, for files that name none.
    {"default", {R"([\p{P}\$\+<=>\^~\|]+)", kGpt2, R"(\p{N}+)", R"([0-9][0-9][0-9])"}},
};

Pipeline pipeline_of(const Named& named) {
  Pipeline pipeline;
  for (const std::string_view expression : named.expressions) {
    if (!expression.empty()) pipeline.splits.push_back({std::string(expression)});
  }
  pipeline.ignore_merges = named.merging == Merging::unless_piece;
  return pipeline;
}

}  // namespace

Split gpt2_words() { return {std::string(kGpt2)}; }

NamedPipeline named_pipeline(std::string_view pre) {
  std::string known;
  for (const Named& named : kNamed) {
    if (named.name == pre) return {pipeline_of(named), named.bos == Bos::added};
    known += fmt::format("{}{}", known.empty() ? "" : ", ", named.name);
  }
  fail("pre-tokenizer \"{}\" is not supported; there are: {}", pre, known);
}

std::string_view name_of(const Pipeline& pipeline) {
  if (pipeline.spelling != Spelling::byte_alphabet) return "";
  for (const Named& named : kNamed) {
    const Pipeline candidate = pipeline_of(named);
    if (candidate.splits == pipeline.splits && candidate.ignore_merges == pipeline.ignore_merges)
      return named.name;
  }
  return "";
}

}  // namespace msrnn
