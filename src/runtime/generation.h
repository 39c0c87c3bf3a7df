// One generation, token by token, for callers that read the tokens of several at once.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "msrnn/generate.h"
#include "msrnn/sampler.h"
#include "msrnn/tokenizer.h"

#include "runtime/stop_text.h"

namespace msrnn {

// The tokenizer and the options must outlive it.
class Generation {
 public:
  Generation(const Tokenizer& tokenizer, const GenerateOptions& options, std::span<const Token> history = {});

  // It has ended: result() is complete.
  bool ended() const { return ended_; }
  // Samples the next token, from the logits after all tokens before it. Not to be called after the end.
  // Returns the token that has to be read before the next call; none when this was the last one.
  std::optional<Token> next(std::span<const float> logits);

  GenerateResult take_result() { return std::move(result_); }

 private:
  bool is_last() const;
  bool cancelled() const;
  bool ends_text(Token token) const;
  std::optional<StopReason> push(Token token);
  void emit(const std::string& text);
  void end(StopReason reason);

  const Tokenizer& tokenizer_;
  const GenerateOptions& options_;
  Sampler sampler_;
  StreamDecoder decoder_;
  StopText stop_;
  GenerateResult result_;
  bool reader_left_ = false, ended_ = false;
};

// "max_tokens", "end_token", "stop_text" or "cancelled".
std::string_view to_string(StopReason reason);

}  // namespace msrnn
