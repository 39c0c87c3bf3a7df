// The tokenizer of a real model, SmolLM2-135M-Instruct, against ids of other implementations.
#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/utf8.h"
#include "runtime/load_tokenizer.h"

namespace msrnn {
namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path;
  std::ostringstream content;
  content << in.rdbuf();
  return content.str();
}

std::vector<Token> ids_in(const std::string& text) {
  std::istringstream in(text);
  return {std::istream_iterator<Token>(in), {}};
}

std::string from_hex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

class ModelTokenizer : public testing::Test {
 protected:
  void SetUp() override {
    const char* path = std::getenv("MSRNN_MODEL");
    if (path == nullptr)
      GTEST_SKIP() << "MSRNN_MODEL is not set: it names SmolLM2-135M-Instruct as GGUF file";
    tokenizer = load_tokenizer(path);
  }

  std::optional<Tokenizer> tokenizer;
};

TEST_F(ModelTokenizer, KnowsItsSpecialTokens) {
  EXPECT_EQ(tokenizer->kind(), "bpe (smollm)");
  EXPECT_EQ(tokenizer->vocabulary(), 49152);
  EXPECT_EQ(tokenizer->bos(), 1);
  EXPECT_EQ(tokenizer->eos(), 2);
  EXPECT_THAT(tokenizer->end_tokens(), testing::ElementsAre(2, 0));
  EXPECT_EQ(tokenizer->piece(1), "<|im_start|>");
  EXPECT_THAT(tokenizer->chat_template(), testing::StartsWith("{% for message in messages %}"));
}

TEST_F(ModelTokenizer, GivesTheGoldenIds) {
  const char* golden = std::getenv("MSRNN_GOLDEN");
  if (golden == nullptr) GTEST_SKIP() << "MSRNN_GOLDEN is not set: it names the folder of reference results";
  for (const std::string name : {"pg19", "code", "multilingual", "whitespace", "digits", "chatml"}) {
    const auto base = std::filesystem::path(golden) / "tokens" / name;
    const std::string text = read_file(base.string() + ".txt");
    const auto tokens = tokenizer->encode(text, {.parse_special = name == "chatml"});
    EXPECT_EQ(tokens, ids_in(read_file(base.string() + ".ids.txt"))) << name;
    EXPECT_EQ(tokenizer->decode(tokens), text) << name;
  }
}

// Lines of: parse_special, the text in hexadecimal, the ids that llama.cpp gives (vocabulary of the model,
// no BOS).
TEST_F(ModelTokenizer, GivesTheIdsOfLlamaCppOnHostileTexts) {
  std::istringstream lines(read_file(std::filesystem::path(MSRNN_TEST_DATA) / "smollm_ids.tsv"));
  int n = 0;
  for (std::string special, hex, ids;
       std::getline(lines, special, '\t') && std::getline(lines, hex, '\t') && std::getline(lines, ids);) {
    const std::string text = from_hex(hex);
    EXPECT_EQ(tokenizer->encode(text, {.parse_special = special == "1"}), ids_in(ids)) << hex << "\n" << text;
    ++n;
  }
  EXPECT_GT(n, 500);
}

TEST_F(ModelTokenizer, AnyBytesItHasTokensForComeBack) {
  std::string known;
  for (int byte = 0; byte < 256; ++byte) {
    const std::string one(1, static_cast<char>(byte));
    if (tokenizer->find(one)) known += one;
  }
  EXPECT_EQ(known.size(), 256u - 21u);
  std::mt19937 random(4);
  for (std::size_t length = 0; length < 2000; length += 7) {
    std::string text;
    while (text.size() < length) text.push_back(known[random() % known.size()]);
    ASSERT_EQ(tokenizer->decode(tokenizer->encode(text)), text);
  }
}

TEST_F(ModelTokenizer, StreamsWholeCharacters) {
  const std::string text =
      "naïve 😀👩‍👩‍👧 日本語 हिन्दी ไม่ 𝔘 — “quoted”";
  const auto tokens = tokenizer->encode(text);
  StreamDecoder decoder(*tokenizer);
  std::string together;
  for (const Token token : tokens) {
    const std::string part = decoder.push(token);
    EXPECT_EQ(valid_utf8_prefix(part), part.size());
    together += part;
  }
  EXPECT_EQ(decoder.flush(), "");
  EXPECT_EQ(together, text);
  EXPECT_GT(tokens.size(), 20u);
}

}  // namespace
}  // namespace msrnn
