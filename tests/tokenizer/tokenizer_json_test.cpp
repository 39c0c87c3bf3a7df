// tokenizer.json files: the golden ones as Hugging Face's tokenizers library reads them, and what is refused.
#include "tokenizer/tokenizer_json.h"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "msrnn/error.h"

#include "golden.h"

namespace msrnn {
namespace {

using test::golden_file;
using test::golden_pipeline;
using test::Json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Tokenizer load(const Json& file) { return make_tokenizer(read_tokenizer_json(file.dump())); }

TEST(TokenizerJson, EncodesAsTokenizersDoes) {
  const std::vector<std::string> texts = test::golden_texts();
  ASSERT_GE(texts.size(), 100u);
  ASSERT_GE(test::golden()["pipelines"].size(), 13u);
  for (const Json& pipeline : test::golden()["pipelines"]) {
    const Tokenizer tokenizer = load(golden_file(pipeline));
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const EncodeOptions options{.add_special = i % 2 == 1, .parse_special = i % 2 == 0};
      EXPECT_EQ(tokenizer.encode(texts[i], options), test::ids_of(pipeline["ids"][i]))
          << pipeline["name"] << ": \"" << texts[i] << "\"";
    }
  }
}

TEST(TokenizerJson, NamesThePipelinesThatGgufFilesName) {
  for (const std::string name : {"gpt-2", "smollm", "llama-bpe", "qwen2", "qwen35", "tekken", "deepseek-v3",
                                 "deepseek-llm", "deepseek-coder"}) {
    EXPECT_EQ(read_tokenizer_json(golden_file(golden_pipeline(name)).dump()).pre, name);
  }
  EXPECT_EQ(load(golden_file(golden_pipeline("qwen2"))).kind(), "bpe (qwen2)");
  EXPECT_EQ(read_tokenizer_json(golden_file(golden_pipeline("llama-2")).dump()).pre, "");
}

TEST(TokenizerJson, ReadsWhatIsPutAroundATextAndTypes) {
  const Vocabulary v = read_tokenizer_json(golden_file(golden_pipeline("llama-2")).dump());
  EXPECT_EQ(v.add_bos, true);
  EXPECT_EQ(v.add_eos, false);
  EXPECT_EQ(v.pieces[*v.bos], "<s>");
  EXPECT_EQ(v.unknown, 0);
  EXPECT_EQ(v.type(0), TokenType::control);
  const Tokenizer tokenizer = make_tokenizer(v);
  EXPECT_FALSE(tokenizer.is_special(*tokenizer.find("<word>")));
  EXPECT_TRUE(tokenizer.is_special(*tokenizer.find("<|user|>")));
  EXPECT_EQ(v.type(*tokenizer.find("\xFF")), TokenType::byte);
}

TEST(TokenizerJson, AnyBytesComeBackThroughByteFallback) {
  const Tokenizer tokenizer = load(golden_file(golden_pipeline("llama-2")));
  for (const std::string text : {"a\xFF\xC3 b", "\xFF", " \xE2\x82", "", "  a  ", "😀 é"}) {
    EXPECT_EQ(tokenizer.decode(tokenizer.encode(text)), text);
  }
}

TEST(TokenizerJson, GapsInTheIdsAreUnusedTokens) {
  Json file = golden_file(golden_pipeline("gpt-2"));
  const std::size_t n = file["model"]["vocab"].size();
  file["added_tokens"].push_back({{"id", n + 20}, {"content", "<late>"}, {"special", true}});
  const Tokenizer tokenizer = load(file);
  EXPECT_EQ(tokenizer.vocabulary(), static_cast<int>(n) + 21);
  EXPECT_THAT(tokenizer.encode("<late>", {.parse_special = true}), ElementsAre(static_cast<Token>(n) + 20));
}

void expect_refused(const std::string& pipeline, const std::function<void(Json&)>& damage,
                    const std::string& reason) {
  Json file = golden_file(golden_pipeline(pipeline));
  damage(file);
  EXPECT_THAT([&] { load(file); }, testing::ThrowsMessage<Error>(HasSubstr(reason)));
}

TEST(TokenizerJson, RefusesStepsItDoesNotHaveByName) {
  expect_refused(
      "gpt-2",
      [](Json& f) {
        f["normalizer"] = {{"type", "Lowercase"}};
      },
      "normalizer: Lowercase is not");
  expect_refused(
      "gpt-2",
      [](Json& f) {
        f["normalizer"] = {{"type", "Sequence"}, {"normalizers", {{{"type", "NFKC"}}}}};
      },
      "NFKC is not supported");
  expect_refused(
      "gpt-2", [](Json& f) { f["pre_tokenizer"]["type"] = "BertPreTokenizer"; }, "BertPreTokenizer is not");
  expect_refused(
      "smollm",
      [](Json& f) {
        f["pre_tokenizer"]["pretokenizers"].push_back({{"type", "Digits"}});
      },
      "Digits after ByteLevel");
  expect_refused(
      "gpt-2",
      [](Json& f) {
        f["decoder"] = {{"type", "WordPiece"}};
      },
      "WordPiece is not supported");
  expect_refused(
      "gpt-2", [](Json& f) { f["decoder"] = nullptr; }, "decoder: expected one");
  expect_refused(
      "gpt-2", [](Json& f) { f["pre_tokenizer"] = nullptr; }, "expected ByteLevel");
  expect_refused(
      "gpt-2", [](Json& f) { f["post_processor"]["type"] = "BertProcessing"; }, "BertProcessing is not");
  expect_refused(
      "gpt-2", [](Json& f) { f["model"]["type"] = "Unigram"; }, "model: Unigram is not supported");
}

TEST(TokenizerJson, RefusesOptionsItDoesNotHaveByName) {
  expect_refused(
      "gpt-2", [](Json& f) { f["pre_tokenizer"]["add_prefix_space"] = true; }, "add_prefix_space: true is");
  expect_refused(
      "gpt-2", [](Json& f) { f["model"]["dropout"] = 0.1; }, "dropout: 0.1 is not supported");
  expect_refused(
      "gpt-2", [](Json& f) { f["model"]["end_of_word_suffix"] = "</w>"; }, "end_of_word_suffix");
  expect_refused(
      "gpt-2", [](Json& f) { f["model"]["byte_fallback"] = true; }, "byte_fallback: true is not");
  expect_refused(
      "gpt-2", [](Json& f) { f["added_tokens"][0]["single_word"] = true; }, "single_word: true is not");
  expect_refused(
      "gemma-2", [](Json& f) { f["pre_tokenizer"]["invert"] = true; }, "invert: true is not");
  expect_refused(
      "gemma-2", [](Json& f) { f["pre_tokenizer"]["behavior"] = "Best"; }, "behavior: \"Best\" is not");
  expect_refused(
      "gemma-2",
      [](Json& f) {
        f["pre_tokenizer"]["pattern"] = {{"String", ""}};
      },
      "pattern");
  expect_refused(
      "gemma-2",
      [](Json& f) {
        f["pre_tokenizer"]["pattern"] = {{"Regex", "a*"}};
      },
      "an empty text");
  expect_refused(
      "gemma-2",
      [](Json& f) {
        f["pre_tokenizer"]["pattern"] = {{"Regex", "(a"}};
      },
      "(a");
  expect_refused(
      "mistral-v3", [](Json& f) { f["pre_tokenizer"]["replacement"] = "_"; }, "replacement: \"_\" is");
  expect_refused(
      "mistral-v3", [](Json& f) { f["pre_tokenizer"]["prepend_scheme"] = "odd"; }, "prepend_scheme");
  expect_refused(
      "mistral-v3",
      [](Json& f) {
        f["decoder"] = {{"type", "Metaspace"}};
      },
      "Metaspace after byte_fallback");
  expect_refused(
      "llama-2", [](Json& f) { f["decoder"]["decoders"][3]["start"] = 2; }, "start: 2 is not supported");
  expect_refused(
      "llama-2", [](Json& f) { f["model"]["vocab"].erase("<0x41>"); }, "byte fallback needs a token <0x41>");
}

TEST(TokenizerJson, RefusesDamage) {
  for (const std::string text : {"", "{", "[]", "null", "{\"model\":1}", "{}"}) {
    EXPECT_THROW(read_tokenizer_json(text), Error) << text;
  }
  expect_refused(
      "gpt-2", [](Json& f) { f["model"]["vocab"]["a"] = -1; }, "expected the id of \"a\"");
  expect_refused(
      "gpt-2", [](Json& f) { f["model"]["vocab"]["a"] = "1"; }, "expected the id of \"a\" to be an integer");
  expect_refused(
      "gpt-2", [](Json& f) { f["model"]["vocab"]["a"] = 18446744073709551615u; }, "id of \"a\"");
  expect_refused(
      "gpt-2", [](Json& f) { f["model"]["vocab"]["a"] = 2000000000; }, "one after the other");
  expect_refused(
      "gpt-2", [](Json& f) { f["model"]["vocab"]["a"] = f["model"]["vocab"]["b"]; }, "both have the id");
  expect_refused(
      "gpt-2", [](Json& f) { f["model"]["merges"].push_back("a b c"); }, "found \"a b c\"");
  expect_refused(
      "gpt-2", [](Json& f) { f["model"]["merges"].push_back({"a"}); }, "expected a text or two");
  expect_refused(
      "gpt-2",
      [](Json& f) {
        f["model"]["merges"].push_back({"a", "zzz"});
      },
      "\"zzz\" is not in the");
  expect_refused(
      "gpt-2", [](Json& f) { f["added_tokens"][0]["id"] = 7; }, "both have the id 7");
  expect_refused(
      "llama-2", [](Json& f) { f["added_tokens"][0]["id"] = 7; }, "added token \"<unk>\" is 7, but 0");
  expect_refused(
      "gpt-2", [](Json& f) { f["post_processor"]["special_tokens"] = Json::object(); }, "<s>");
  expect_refused(
      "gpt-2",
      [](Json& f) {
        f["post_processor"]["special_tokens"]["<s>"]["ids"] = {1, 2};
      },
      "one id");
  expect_refused(
      "gpt-2",
      [](Json& f) {
        f["post_processor"]["single"].insert(f["post_processor"]["single"].begin(),
                                             Json(f["post_processor"]["single"][0]));
      },
      "single");
}

TEST(TokenizerJson, EveryCutOfTheFileIsRefused) {
  const std::string text = golden_file(golden_pipeline("qwen2")).dump();
  for (std::size_t size = 0; size < text.size(); size += 1 + size / 40) {
    EXPECT_THROW(read_tokenizer_json(text.substr(0, size)), Error) << size;
  }
}

}  // namespace
}  // namespace msrnn
