// SentencePiece models: the golden ones as the Python library reads them, GGUF's lists, and damaged models.
#include <functional>
#include <limits>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "msrnn/error.h"

#include "golden.h"
#include "tokenizer/protobuf.h"
#include "tokenizer/sentencepiece_model.h"

namespace msrnn {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Texts = std::vector<std::string>;

// As GGUF files give it.
Vocabulary as_gguf(Vocabulary v) {
  v.model = "llama";
  return v;
}

Vocabulary golden_bpe() { return read_sentencepiece_model(test::read_data("bpe.model")); }

TEST(SentencePiece, EncodesAndDecodesAsTheLibrary) {
  const Texts texts = test::golden_texts();
  for (const test::Json& model : test::golden()["models"]) {
    const auto name = model["name"].get<std::string>();
    const Tokenizer tokenizer = make_tokenizer(read_sentencepiece_model(test::read_data(name)));
    const auto unknown = tokenizer.find("<unk>");
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const std::vector<Token> ids = test::ids_of(model["ids"][i]);
      EXPECT_EQ(tokenizer.encode(texts[i]), ids) << name << ": \"" << texts[i] << "\"";
      // Which it writes as " ⁇ "; and it drops any number of first spaces where it removes them anyway.
      if (std::find(ids.begin(), ids.end(), *unknown) != ids.end()) continue;
      if (texts[i].find("\u2581") != std::string::npos) continue;
      EXPECT_EQ(tokenizer.decode(ids), model["decoded"][i].get<std::string>())
          << name << ": \"" << texts[i] << "\"";
    }
  }
}

TEST(SentencePiece, AListOfPiecesGivesTheSame) {
  const Texts texts = test::golden_texts();
  const test::Json& model = test::golden()["models"][0];
  const Tokenizer tokenizer = make_tokenizer(as_gguf(golden_bpe()));
  EXPECT_EQ(tokenizer.kind(), "sentencepiece (bpe)");
  int n = 0;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (texts[i].find("<word>") != std::string::npos) continue;  // llama.cpp puts a space after it
    EXPECT_EQ(tokenizer.encode(texts[i]), test::ids_of(model["ids"][i])) << texts[i];
    ++n;
  }
  EXPECT_GT(n, 90);
}

TEST(SentencePiece, AModelWrittenIsTheModelRead) {
  const Vocabulary v = golden_bpe();
  const Vocabulary again =
      read_sentencepiece_model(write_sentencepiece_model(v, {.finds_user_defined = true}));
  EXPECT_EQ(again.pieces, v.pieces);
  EXPECT_EQ(again.scores, v.scores);
  EXPECT_EQ(again.types, v.types);
  EXPECT_EQ(again.model, v.model);
  EXPECT_EQ(again.remove_extra_whitespaces, v.remove_extra_whitespaces);
}

// A vocabulary to work out by hand: a, b, ab and the bytes.
Vocabulary small_vocabulary() {
  Vocabulary v;
  v.model = "llama";
  const auto add = [&](std::string piece, float score, TokenType type) {
    v.pieces.push_back(std::move(piece));
    v.scores.push_back(score);
    v.types.push_back(type);
  };
  for (int byte = 0; byte < 256; ++byte) add(fmt::format("<0x{:02X}>", byte), 0, TokenType::byte);
  add("<unk>", 0, TokenType::unknown);     // 256
  add("<s>", 0, TokenType::control);       // 257
  add("[X]", 0, TokenType::user_defined);  // 258
  add("\u2581", -1, TokenType::normal);    // 259
  add("a", -2, TokenType::normal);         // 260
  add("b", -3, TokenType::normal);         // 261
  add("ab", -4, TokenType::normal);        // 262
  add("\u2581a", -5, TokenType::normal);   // 263
  v.bos = 257;
  return v;
}

TEST(SentencePiece, ASpaceGoesBeforeEveryPartOfAText) {
  const Tokenizer tokenizer = make_tokenizer(small_vocabulary());
  EXPECT_THAT(tokenizer.encode("ab"), ElementsAre(259, 262));
  EXPECT_THAT(tokenizer.encode("ab", {.add_special = true}), ElementsAre(257, 259, 262));
  EXPECT_THAT(tokenizer.encode("a[X]b"), ElementsAre(263, 258, 259, 261));
  EXPECT_THAT(tokenizer.encode("<s>b", {.parse_special = true}), ElementsAre(257, 259, 261));
  EXPECT_THAT(tokenizer.encode(""), ElementsAre());
}

TEST(SentencePiece, FlagsOfTheFileSayWhatGoesBefore) {
  Vocabulary v = small_vocabulary();
  v.add_space_prefix = false;
  v.add_bos = false;
  const Tokenizer tokenizer = make_tokenizer(v);
  EXPECT_THAT(tokenizer.encode("ab", {.add_special = true}), ElementsAre(262));
  EXPECT_EQ(tokenizer.decode({263, 262}), " aab");
}

TEST(SentencePiece, DecodingDropsTheSpaceBeforeATextAlone) {
  const Tokenizer tokenizer = make_tokenizer(small_vocabulary());
  EXPECT_EQ(tokenizer.decode({263, 263}), "a a");
  EXPECT_EQ(tokenizer.decode({259, 263}), " a");
  EXPECT_EQ(tokenizer.decode({0x20, 260}), "a");
  EXPECT_EQ(tokenizer.decode({257, 263}), "<s> a");
  EXPECT_EQ(tokenizer.piece(263), " a");
  EXPECT_EQ(tokenizer.first_piece(263), "a");
}

TEST(SentencePiece, StreamsWholeCharactersAndKeepsTheSpaceOfAContinuation) {
  const Tokenizer tokenizer = make_tokenizer(small_vocabulary());
  const auto pushed = [&](StreamDecoder::Start start, const std::vector<Token>& tokens) {
    StreamDecoder decoder(tokenizer, start);
    Texts texts;
    for (const Token token : tokens) texts.push_back(decoder.push(token));
    texts.push_back(decoder.flush());
    return texts;
  };
  EXPECT_EQ(pushed(StreamDecoder::Start::text, {263, 263, 0xC3, 0xA9}), (Texts{"a", " a", "", "é", ""}));
  EXPECT_EQ(pushed(StreamDecoder::Start::continuation, {263, 0xF0, 0x9F, 0x98, 0x80}),
            (Texts{" a", "", "", "", "😀", ""}));
  EXPECT_EQ(pushed(StreamDecoder::Start::text, {0xE2, 0x82, 260}), (Texts{"", "",
                                                                          "\xE2\x82"
                                                                          "a",
                                                                          ""}));
}

TEST(SentencePiece, APieceIsMeantWhereAByteSpellsTheSame) {
  const Tokenizer tokenizer = make_tokenizer(small_vocabulary());
  EXPECT_EQ(tokenizer.find("a"), 260);
  EXPECT_EQ(tokenizer.find("\xFF"), 0xFF);
  EXPECT_EQ(tokenizer.piece(0x61), "a");
}

TEST(SentencePiece, AnyBytesComeBack) {
  const Tokenizer tokenizer = make_tokenizer(small_vocabulary());
  const Texts texts = {
      "a\xFF"
      "b",
      "\xFF\xFE",
      " a",
      "  ",
      "\xE2\x82",
      "é",
      std::string("a\0\0 b", 5)};
  for (const std::string& text : texts) EXPECT_EQ(tokenizer.decode(tokenizer.encode(text)), text);
}

TEST(SentencePiece, WithoutByteTokensWhatIsUnknownIsTheUnknownToken) {
  Vocabulary v = small_vocabulary();
  v.pieces.erase(v.pieces.begin(), v.pieces.begin() + 256);
  v.scores.erase(v.scores.begin(), v.scores.begin() + 256);
  v.types.erase(v.types.begin(), v.types.begin() + 256);
  v.bos.reset();
  const Tokenizer tokenizer = make_tokenizer(v);
  EXPECT_THAT(tokenizer.encode("é\xFF"), ElementsAre(3, 0, 0));
}

void expect_model_refused(const std::function<void(Vocabulary&)>& damage, const std::string& reason) {
  Vocabulary v = small_vocabulary();
  damage(v);
  EXPECT_THAT([&] { make_tokenizer(v); }, testing::ThrowsMessage<Error>(HasSubstr(reason)));
}

TEST(SentencePiece, RefusesListsThatAreNoModel) {
  expect_model_refused([](Vocabulary& v) { v.scores.clear(); }, "needs a score");
  expect_model_refused([](Vocabulary& v) { v.scores[3] = std::numeric_limits<float>::quiet_NaN(); },
                       "score of token 3");
  expect_model_refused([](Vocabulary& v) { v.types[256] = TokenType::control; }, "needs an unknown token");
  expect_model_refused([](Vocabulary& v) { v.types[3] = TokenType::normal; },
                       "expected 256 byte tokens or none, found 255");
  expect_model_refused([](Vocabulary& v) { v.pieces[3] = "<0x3>"; }, "<0x00> to <0xFF>, found \"<0x3>\"");
  expect_model_refused([](Vocabulary& v) { v.pieces[260] = ""; }, "token 260 is empty");
}

std::string model_with(const std::function<void(ProtoWriter&)>& add) {
  ProtoWriter model;
  add(model);
  return model.message();
}

TEST(SentencePieceModel, RefusesWhatMsrnnDoesNotDo) {
  const auto expect_model_refused = [](std::uint32_t part, std::uint32_t field, std::uint64_t value,
                                       const std::string& reason) {
    ProtoWriter inner;
    inner.integer(field, value);
    const std::string model = model_with([&](ProtoWriter& m) { m.bytes(part, inner.message()); });
    EXPECT_THAT([&] { read_sentencepiece_model(model); }, testing::ThrowsMessage<Error>(HasSubstr(reason)));
  };
  expect_model_refused(2, 3, 4, "model_type: expected 1 (unigram) or 2 (BPE), found 4");
  expect_model_refused(2, 24, 1, "treat_whitespace_as_suffix");
  expect_model_refused(3, 5, 0, "escape_whitespaces");
  expect_model_refused(1, 3, 9, "token 0: expected a type from 1 to 6, found 9");
  expect_model_refused(1, 1, 9, "piece: expected wire type 2, found 0");
  ProtoWriter normalizer;
  normalizer.bytes(2, "abc");
  for (const std::uint32_t part : {3u, 5u}) {
    const std::string model = model_with([&](ProtoWriter& m) { m.bytes(part, normalizer.message()); });
    EXPECT_THAT([&] { read_sentencepiece_model(model); },
                testing::ThrowsMessage<Error>(HasSubstr("replacements")));
  }
  EXPECT_THAT([] { read_sentencepiece_model(""); }, testing::ThrowsMessage<Error>(HasSubstr("found none")));
}

// Whatever a damaged model says: it is read or refused, and so is the tokenizer made of it.
TEST(SentencePieceModel, EveryCutAndFlippedBitIsReadOrRefused) {
  const std::string model = test::read_data("unigram.model");
  const auto try_model = [](const std::string& bytes) {
    try {
      make_tokenizer(read_sentencepiece_model(bytes)).encode("a b é");
      return true;
    } catch (const Error&) {
      return false;
    }
  };
  int n_read = 0, n_refused = 0;
  for (std::size_t size = 0; size < model.size(); size += 97)
    (try_model(model.substr(0, size)) ? n_read : n_refused)++;
  for (std::size_t i = 0; i < model.size(); i += 13) {
    std::string damaged = model;
    damaged[i] = static_cast<char>(damaged[i] ^ 1 << i % 8);
    (try_model(damaged) ? n_read : n_refused)++;
  }
  EXPECT_GT(n_read, 20);
  EXPECT_GT(n_refused, 20);
}

TEST(Protobuf, ReadsWhatItWrites) {
  ProtoWriter writer;
  writer.integer(1, std::numeric_limits<std::uint64_t>::max());
  writer.integer(300, 0);
  writer.real(2, -1.5f);
  writer.bytes(3, "abc");
  ProtoReader reader(writer.message());
  ProtoField field;
  ASSERT_TRUE(reader.next(field));
  EXPECT_EQ(integer_of(field, "x"), std::numeric_limits<std::uint64_t>::max());
  ASSERT_TRUE(reader.next(field));
  EXPECT_EQ(field.number, 300u);
  EXPECT_EQ(integer_of(field, "x"), 0u);
  EXPECT_THROW(real_of(field, "x"), Error);
  ASSERT_TRUE(reader.next(field));
  EXPECT_EQ(real_of(field, "x"), -1.5f);
  ASSERT_TRUE(reader.next(field));
  EXPECT_EQ(bytes_of(field, "x"), "abc");
  EXPECT_FALSE(reader.next(field));
}

// Examples of https://protobuf.dev/programming-guides/encoding: 150 in field 1, "testing" in field 2.
TEST(Protobuf, WritesTheDocumentedBytes) {
  ProtoWriter writer;
  writer.integer(1, 150);
  writer.bytes(2, "testing");
  EXPECT_EQ(writer.message(), "\x08\x96\x01\x12\x07testing");
}

TEST(Protobuf, RefusesDamage) {
  const auto expect_damaged = [](std::string_view message, const std::string& reason) {
    ProtoReader reader(message);
    ProtoField field;
    EXPECT_THAT(
        [&] {
          while (reader.next(field)) {
          }
        },
        testing::ThrowsMessage<Error>(HasSubstr(reason)));
  };
  expect_damaged("\x08", "ends inside a number");
  expect_damaged("\x08\x96", "ends inside a number");
  expect_damaged("\x0D\x01\x02", "ends inside a number");
  expect_damaged("\x12\x07test", "longer than the message");
  expect_damaged("\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", "at most 10 bytes");
  expect_damaged("\x0B", "expected wire type");
  expect_damaged(std::string_view("\0", 1), "expected a field's tag");
}

}  // namespace
}  // namespace msrnn
