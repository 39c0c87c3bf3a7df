#include "tokenizer/bpe.h"

#include <array>
#include <utility>

#include "base/fail.h"
#include "base/utf8.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/metaspace.h"
#include "tokenizer/pretokenizer.h"
#include "tokenizer/word_merger.h"

namespace msrnn {
namespace {

MergeTable make_merges(const std::vector<std::string>& merges, const PieceIndex& index) {
  MergeTable table(merges.size());
  for (std::size_t rank = 0; rank < merges.size(); ++rank) {
    const std::string& merge = merges[rank];
    const std::size_t space = merge.find(' ', 1);
    if (space == std::string::npos) fail("merge {}: expected two pieces, found \"{}\"", rank, merge);
    const std::string left = merge.substr(0, space), right = merge.substr(space + 1);
    const auto id = [&](const std::string& piece) {
      const auto found = index.find(piece);
      if (found == index.end()) {
        fail("merge {} (\"{}\"): \"{}\" is not in the vocabulary", rank, merge, piece);
      }
      return found->second;
    };
    const Token left_id = id(left), right_id = id(right);
    table.add(left_id, right_id, {static_cast<std::uint32_t>(rank), id(left + right)});
  }
  return table;
}

// A word's first symbols. −1: there is no token.
class Symbols {
 public:
  virtual ~Symbols() = default;
  virtual void append(std::string_view word, std::vector<Token>& symbols) const = 0;
  // The bytes that a piece stands for.
  virtual std::string bytes_of(std::string_view piece) const = 0;
};

class ByteSymbols final : public Symbols {
 public:
  explicit ByteSymbols(const PieceIndex& index) {
    const auto alphabet = byte_alphabet();
    for (std::size_t byte = 0; byte < tokens_.size(); ++byte) {
      std::string piece;
      append_utf8(piece, alphabet[byte]);
      const auto found = index.find(piece);
      tokens_[byte] = found == index.end() ? -1 : found->second;
    }
  }

  void append(std::string_view word, std::vector<Token>& symbols) const override {
    for (const char c : word) symbols.push_back(tokens_[static_cast<unsigned char>(c)]);
  }

  // A piece outside the byte alphabet was added to the vocabulary as plain text.
  std::string bytes_of(std::string_view piece) const override {
    return spelled_bytes(piece).value_or(std::string(piece));
  }

 private:
  std::array<Token, 256> tokens_;
};

class CharacterSymbols final : public Symbols {
 public:
  CharacterSymbols(const Vocabulary& vocabulary, const PieceIndex& index, const Pipeline& pipeline)
      : unknown_(vocabulary.unknown.value_or(-1)), fuse_unknown_(pipeline.fuse_unknown) {
    for (const auto& [piece, token] : index) {
      if (piece.empty()) continue;
      const Utf8Char c = decode_utf8(piece);
      if (c.length == piece.size()) tokens_.emplace(c.code, token);
    }
    bytes_.fill(-1);
    if (!pipeline.byte_fallback) return;
    for (std::size_t byte = 0; byte < bytes_.size(); ++byte) {
      const auto found = index.find(fmt::format("<0x{:02X}>", byte));
      if (found == index.end()) fail("vocabulary: byte fallback needs a token <0x{:02X}>, found none", byte);
      bytes_[byte] = found->second;
    }
  }

  void append(std::string_view word, std::vector<Token>& symbols) const override {
    bool after_unknown = false;
    while (!word.empty()) {
      const Utf8Char c = decode_utf8(word);
      const auto found = c.status == Utf8Status::valid ? tokens_.find(c.code) : tokens_.end();
      const bool known = found != tokens_.end();
      if (known) {
        symbols.push_back(found->second);
      } else if (bytes_[0] >= 0) {
        for (const char byte : word.substr(0, c.length))
          symbols.push_back(bytes_[static_cast<unsigned char>(byte)]);
      } else if (!after_unknown || !fuse_unknown_) {
        symbols.push_back(unknown_);
      }
      after_unknown = !known;
      word.remove_prefix(c.length);
    }
  }

  std::string bytes_of(std::string_view piece) const override { return unescape_spaces(piece); }

 private:
  std::unordered_map<char32_t, Token> tokens_;
  std::array<Token, 256> bytes_;  // −1: no byte fallback
  Token unknown_;
  bool fuse_unknown_;
};

std::unique_ptr<const Symbols> make_symbols(const Vocabulary& vocabulary, const PieceIndex& index,
                                            const Pipeline& pipeline) {
  if (pipeline.spelling == Spelling::metaspace) {
    return std::make_unique<CharacterSymbols>(vocabulary, index, pipeline);
  }
  return std::make_unique<ByteSymbols>(index);
}

class Bpe final : public TextEncoder {
 public:
  Bpe(const Vocabulary& vocabulary, const PieceIndex& index, const Pipeline& pipeline, BpeOptions options)
      : options_(std::move(options)),
        metaspace_(pipeline.metaspace),
        pre_tokenizer_(pipeline.splits),
        symbols_(make_symbols(vocabulary, index, pipeline)),
        merges_(make_merges(vocabulary.merges, index)),
        strip_space_(pipeline.strip_space) {
    if (!pipeline.ignore_merges) return;
    for (const auto& [piece, token] : index) {
      if (vocabulary.type(token) == TokenType::normal)
        words_.emplace(word_of(piece, pipeline.spelling), token);
    }
  }

  std::string kind() const override { return options_.kind; }

  void encode(const Fragment& fragment, std::vector<Token>& tokens) const override {
    WordMerger merger(merges_);
    const auto encode_word = [&](std::string_view word) {
      const auto whole = words_.find(std::string(word));
      if (whole != words_.end()) return tokens.push_back(whole->second);
      merger.symbols().clear();
      symbols_->append(word, merger.symbols());
      if (options_.missing == BpeOptions::Missing::vanishes) std::erase(merger.symbols(), -1);
      merger.merge_into(tokens);
    };
    if (metaspace_.empty()) return pre_tokenizer_.split(fragment.text, encode_word);
    pre_tokenizer_.split(rewrite(metaspace_, fragment), encode_word);
  }

  std::string bytes_of(std::string_view piece) const override { return symbols_->bytes_of(piece); }
  bool adds_bos() const override { return options_.adds_bos; }
  bool strips_first_space() const override { return strip_space_; }

 private:
  // A word, as the splits leave it, that a piece spells.
  std::string word_of(std::string_view piece, Spelling spelling) const {
    return spelling == Spelling::metaspace ? std::string(piece) : symbols_->bytes_of(piece);
  }

  BpeOptions options_;
  std::vector<Rewrite> metaspace_;
  PreTokenizer pre_tokenizer_;
  std::unique_ptr<const Symbols> symbols_;
  MergeTable merges_;
  std::unordered_map<std::string, Token> words_;  // where a whole word needs no merges
  bool strip_space_;
};

}  // namespace

std::unique_ptr<const TextEncoder> make_bpe(const Vocabulary& vocabulary, const PieceIndex& index,
                                            const Pipeline& pipeline, BpeOptions options) {
  return std::make_unique<Bpe>(vocabulary, index, pipeline, std::move(options));
}

}  // namespace msrnn
