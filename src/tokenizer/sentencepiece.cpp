#include "tokenizer/sentencepiece.h"

#include <array>
#include <sentencepiece_processor.h>

#include "base/fail.h"
#include "base/utf8.h"
#include "tokenizer/metaspace.h"
#include "tokenizer/sentencepiece_model.h"

namespace msrnn {
namespace {

constexpr std::size_t kMaxText = std::size_t{1} << 30;  // the library counts in int

class SentencePiece : public TextEncoder {
 public:
  SentencePiece(const Vocabulary& vocabulary, const SentencePieceOptions& options)
      : options_(options), space_prefix_(vocabulary.add_space_prefix.value_or(true)) {
    // Where spaces are removed the library has to place its own. Elsewhere the prefix is put here, since a
    // text is handed over in several parts.
    options_.dummy_prefix = space_prefix_ && vocabulary.remove_extra_whitespaces;
    load(write_sentencepiece_model(vocabulary, options_));
    byte_tokens_.fill(processor_.unk_id());
    for (std::size_t token = 0; token < vocabulary.pieces.size(); ++token) {
      const auto id = static_cast<Token>(token);
      if (vocabulary.type(id) != TokenType::byte) continue;
      byte_tokens_[static_cast<std::size_t>(byte_of_piece(vocabulary.pieces[token]))] = id;
    }
  }

  std::string kind() const override {
    return fmt::format("sentencepiece ({})", options_.unigram ? "unigram" : "bpe");
  }

  void encode(const Fragment& fragment, std::vector<Token>& tokens) const override {
    if (fragment.text.size() > kMaxText) {
      fail("sentencepiece: expected a text of at most {} bytes, found {}", kMaxText, fragment.text.size());
    }
    std::string text;
    if (space_prefix_ && !options_.dummy_prefix && fragment.place != Place::after_text) text = " ";
    text += fragment.text;
    // What is no character is its bytes' tokens; the library would replace it.
    for (std::string_view rest = text; !rest.empty();) {
      const std::size_t valid = valid_utf8_prefix(rest);
      if (valid > 0) encode_valid(rest.substr(0, valid), tokens);
      rest.remove_prefix(valid);
      if (rest.empty()) break;
      tokens.push_back(byte_tokens_[static_cast<unsigned char>(rest[0])]);
      rest.remove_prefix(1);
    }
  }

  std::string bytes_of(std::string_view piece) const override { return unescape_spaces(piece); }
  bool adds_bos() const override { return true; }
  bool strips_first_space() const override { return space_prefix_; }
  bool finds_user_defined() const override { return options_.finds_user_defined; }

 private:
  void load(const std::string& model) {
    try {
      const auto status = processor_.LoadFromSerializedProto(model);
      if (!status.ok()) fail("sentencepiece: {}", status.ToString());
    } catch (const Error&) {
      throw;
    } catch (const std::exception& error) {
      fail("sentencepiece: {}", error.what());  // its trie, where pieces cannot be in one
    }
  }

  void encode_valid(std::string_view text, std::vector<Token>& tokens) const {
    std::vector<int> ids;
    const auto status = processor_.Encode(text, &ids);
    if (!status.ok()) fail("sentencepiece: {}", status.ToString());
    tokens.insert(tokens.end(), ids.begin(), ids.end());
  }

  sentencepiece::SentencePieceProcessor processor_;
  SentencePieceOptions options_;
  bool space_prefix_;
  std::array<Token, 256> byte_tokens_;
};

// As llama.cpp takes such files, where they do not say.
class T5 final : public SentencePiece {
 public:
  using SentencePiece::SentencePiece;
  bool adds_bos() const override { return false; }
};

}  // namespace

std::unique_ptr<const TextEncoder> make_llama(const Vocabulary& vocabulary) {
  return std::make_unique<SentencePiece>(vocabulary, SentencePieceOptions{});
}

std::unique_ptr<const TextEncoder> make_t5(const Vocabulary& vocabulary) {
  return std::make_unique<T5>(vocabulary, SentencePieceOptions{.unigram = true, .finds_user_defined = true});
}

std::unique_ptr<const TextEncoder> make_sentencepiece_bpe(const Vocabulary& vocabulary) {
  return std::make_unique<SentencePiece>(vocabulary, SentencePieceOptions{.finds_user_defined = true});
}

std::unique_ptr<const TextEncoder> make_sentencepiece_unigram(const Vocabulary& vocabulary) {
  return std::make_unique<SentencePiece>(vocabulary,
                                         SentencePieceOptions{.unigram = true, .finds_user_defined = true});
}

}  // namespace msrnn
