// Writing on: sampling token after token from a sequence.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "msrnn/export.h"
#include "msrnn/sampler.h"
#include "msrnn/sequence.h"
#include "msrnn/tokenizer.h"

namespace MSRNN_API msrnn {

struct GenerateOptions {
  int max_tokens = 256;  // negative: until something else stops it
  SamplerOptions sampler = {};
  std::vector<std::string> stop = {};   // texts that end the generation; not part of the result
  std::vector<Token> stop_tokens = {};  // besides the tokenizer's end tokens
  bool ignore_end = false;              // go on past the tokenizer's end tokens
  // An answer is a text of its own; SentencePiece's space before it is not part of it.
  StreamDecoder::Start start = StreamDecoder::Start::continuation;
  // Text as it becomes final: whole characters, never part of a stop text. When the generation ends in the
  // middle of a character, its first bytes come last. false stops.
  std::function<bool(std::string_view text)> stream = {};
  const std::atomic<bool>* cancel = nullptr;  // polled before every token
};

enum class StopReason { max_tokens, end_token, stop_text, cancelled };

struct GenerateResult {
  std::string text;
  std::vector<Token> tokens;  // all that were sampled, the stop token included
  // Sampled and not read into the state: the next read() must begin with it. Empty if nothing was sampled.
  std::vector<Token> unread;
  StopReason reason = StopReason::max_tokens;
};

// sequence.logits() must be there. `history` primes the repetition penalty.
GenerateResult generate(Sequence& sequence, const Tokenizer& tokenizer, const GenerateOptions& options,
                        std::span<const Token> history = {});

}  // namespace msrnn
