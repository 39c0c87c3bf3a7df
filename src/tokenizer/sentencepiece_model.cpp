#include "tokenizer/sentencepiece_model.h"

#include <bitset>
#include <cmath>

#include "base/fail.h"
#include "tokenizer/protobuf.h"

namespace msrnn {
namespace {

// Numbers of fields, in sentencepiece_model.proto.
namespace model_field {
constexpr std::uint32_t kPieces = 1, kTrainer = 2, kNormalizer = 3, kDenormalizer = 5;
}
namespace piece_field {
constexpr std::uint32_t kPiece = 1, kScore = 2, kType = 3;
}
namespace trainer_field {
constexpr std::uint32_t kModelType = 3, kWhitespaceAsSuffix = 24, kByteFallback = 35, kBos = 41, kEos = 42;
}
namespace normalizer_field {
constexpr std::uint32_t kCharacterMap = 2, kDummyPrefix = 3, kRemoveExtraWhitespaces = 4,
                        kEscapeWhitespaces = 5;
}
constexpr std::uint64_t kUnigram = 1, kBpe = 2;

// GGUF numbers the types as SentencePiece does.
TokenType type_from(const ProtoField& field, std::size_t token) {
  const std::uint64_t number = integer_of(field, "type of a piece");
  if (number < 1 || number > 6) fail("token {}: expected a type from 1 to 6, found {}", token, number);
  return static_cast<TokenType>(number);
}

void read_piece(std::string_view message, Vocabulary& v) {
  const std::size_t token = v.pieces.size();
  v.pieces.emplace_back();
  v.scores.push_back(0);
  v.types.push_back(TokenType::normal);
  ProtoReader reader(message);
  for (ProtoField field; reader.next(field);) {
    if (field.number == piece_field::kPiece) v.pieces.back() = bytes_of(field, "piece");
    if (field.number == piece_field::kScore) v.scores.back() = real_of(field, "score of a piece");
    if (field.number == piece_field::kType) v.types.back() = type_from(field, token);
  }
}

// Fields that are signed, and −1 for none, are 32 bits wide.
std::optional<Token> token_from(const ProtoField& field, std::string_view name) {
  const auto id = static_cast<std::int32_t>(integer_of(field, name));
  return id < 0 ? std::nullopt : std::optional<Token>(id);
}

void read_trainer(std::string_view message, Vocabulary& v) {
  ProtoReader reader(message);
  for (ProtoField field; reader.next(field);) {
    switch (field.number) {
      case trainer_field::kModelType: {
        const std::uint64_t type = integer_of(field, "model_type");
        if (type != kUnigram && type != kBpe) {
          fail("model_type: expected 1 (unigram) or 2 (BPE), found {}", type);
        }
        v.model = type == kBpe ? "sentencepiece-bpe" : "sentencepiece-unigram";
        break;
      }
      case trainer_field::kWhitespaceAsSuffix:
        if (integer_of(field, "treat_whitespace_as_suffix") != 0) {
          fail("treat_whitespace_as_suffix is not supported");
        }
        break;
      case trainer_field::kBos:
        v.bos = token_from(field, "bos_id");
        break;
      case trainer_field::kEos:
        v.eos = token_from(field, "eos_id");
        break;
      default:
        break;
    }
  }
}

void read_normalizer(std::string_view message, Vocabulary& v) {
  ProtoReader reader(message);
  for (ProtoField field; reader.next(field);) {
    switch (field.number) {
      case normalizer_field::kCharacterMap:
        if (!bytes_of(field, "precompiled_charsmap").empty()) {
          fail("precompiled_charsmap: a table of character replacements is not supported");
        }
        break;
      case normalizer_field::kDummyPrefix:
        v.add_space_prefix = integer_of(field, "add_dummy_prefix") != 0;
        break;
      case normalizer_field::kRemoveExtraWhitespaces:
        v.remove_extra_whitespaces = integer_of(field, "remove_extra_whitespaces") != 0;
        break;
      case normalizer_field::kEscapeWhitespaces:
        if (integer_of(field, "escape_whitespaces") == 0)
          fail("escape_whitespaces: expected true, found false");
        break;
      default:
        break;
    }
  }
}

void refuse_denormalizer(std::string_view message) {
  ProtoReader reader(message);
  for (ProtoField field; reader.next(field);) {
    if (field.number == normalizer_field::kCharacterMap && !bytes_of(field, "denormalizer_spec").empty()) {
      fail("denormalizer_spec: a table of character replacements is not supported");
    }
  }
}

// The one token of type unknown that the library wants.
Token unknown_token(const Vocabulary& v) {
  if (v.unknown) return *v.unknown;
  for (std::size_t token = 0; token < v.pieces.size(); ++token) {
    if (v.type(static_cast<Token>(token)) == TokenType::unknown) return static_cast<Token>(token);
  }
  fail("vocabulary: SentencePiece needs an unknown token, found none");
}

// What the library is told. Tokens that it must never give are control tokens to it.
TokenType library_type(const Vocabulary& v, Token token, Token unknown, const SentencePieceOptions& options) {
  if (token == unknown) return TokenType::unknown;
  const TokenType type = v.type(token);
  const bool found = type == TokenType::user_defined;
  // The library's tries end a piece at a zero byte.
  const bool in_trie = options.unigram || found;
  const bool hidden = type == TokenType::unknown || (found && !options.finds_user_defined) ||
                      (in_trie && v.pieces[token].find('\0') != std::string::npos);
  return hidden ? TokenType::control : type;
}

void check_bytes(const Vocabulary& v) {
  std::bitset<256> found;
  for (std::size_t token = 0; token < v.pieces.size(); ++token) {
    if (v.type(static_cast<Token>(token)) != TokenType::byte) continue;
    const int byte = byte_of_piece(v.pieces[token]);
    if (byte < 0) {
      fail("vocabulary: expected token {}, a byte, to be spelled <0x00> to <0xFF>, found \"{}\"", token,
           v.pieces[token]);
    }
    found.set(static_cast<std::size_t>(byte));
  }
  if (found.any() && !found.all())
    fail("vocabulary: expected 256 byte tokens or none, found {}", found.count());
}

void check_scores(const Vocabulary& v) {
  if (v.scores.empty()) fail("vocabulary: SentencePiece needs a score for every token, found none");
  for (std::size_t token = 0; token < v.scores.size(); ++token) {
    if (!std::isfinite(v.scores[token])) fail("vocabulary: the score of token {} is not finite", token);
  }
}

bool has_bytes(const Vocabulary& v) {
  for (const TokenType type : v.types) {
    if (type == TokenType::byte) return true;
  }
  return false;
}

}  // namespace

int byte_of_piece(std::string_view piece) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  if (piece.size() != 6 || !piece.starts_with("<0x") || piece[5] != '>') return -1;
  const int high = digit(piece[3]), low = digit(piece[4]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

Vocabulary read_sentencepiece_model(std::string_view bytes) {
  Vocabulary v;
  // What sentencepiece_model.proto says where a file says nothing.
  v.model = "sentencepiece-unigram";
  v.bos = 1;
  v.eos = 2;
  v.add_space_prefix = true;
  v.remove_extra_whitespaces = true;
  ProtoReader reader(bytes);
  for (ProtoField field; reader.next(field);) {
    switch (field.number) {
      case model_field::kPieces:
        read_piece(bytes_of(field, "pieces"), v);
        break;
      case model_field::kTrainer:
        read_trainer(bytes_of(field, "trainer_spec"), v);
        break;
      case model_field::kNormalizer:
        read_normalizer(bytes_of(field, "normalizer_spec"), v);
        break;
      case model_field::kDenormalizer:
        refuse_denormalizer(bytes_of(field, "denormalizer_spec"));
        break;
      default:
        break;
    }
  }
  if (v.pieces.empty()) fail("tokenizer.model: expected pieces, found none");
  return v;
}

std::string write_sentencepiece_model(const Vocabulary& vocabulary, const SentencePieceOptions& options) {
  check_scores(vocabulary);
  check_bytes(vocabulary);
  const Token unknown = unknown_token(vocabulary);
  ProtoWriter model;
  for (std::size_t token = 0; token < vocabulary.pieces.size(); ++token) {
    ProtoWriter piece;
    if (vocabulary.pieces[token].empty()) fail("vocabulary: token {} is empty", token);
    piece.bytes(piece_field::kPiece, vocabulary.pieces[token]);
    piece.real(piece_field::kScore, vocabulary.scores[token]);
    const TokenType type = library_type(vocabulary, static_cast<Token>(token), unknown, options);
    piece.integer(piece_field::kType, static_cast<std::uint64_t>(type));
    model.bytes(model_field::kPieces, piece.message());
  }
  ProtoWriter trainer;
  trainer.integer(trainer_field::kModelType, options.unigram ? kUnigram : kBpe);
  trainer.integer(trainer_field::kByteFallback, has_bytes(vocabulary) ? 1 : 0);
  model.bytes(model_field::kTrainer, trainer.message());
  ProtoWriter normalizer;
  normalizer.integer(normalizer_field::kDummyPrefix, options.dummy_prefix ? 1 : 0);
  normalizer.integer(normalizer_field::kRemoveExtraWhitespaces, vocabulary.remove_extra_whitespaces ? 1 : 0);
  model.bytes(model_field::kNormalizer, normalizer.message());
  return model.message();
}

}  // namespace msrnn
