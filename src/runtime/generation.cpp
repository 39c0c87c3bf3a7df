#include "runtime/generation.h"

#include <algorithm>
#include <utility>

namespace msrnn {

Generation::Generation(const Tokenizer& tokenizer, const GenerateOptions& options,
                       std::span<const Token> history)
    : tokenizer_(tokenizer),
      options_(options),
      sampler_(options.sampler),
      decoder_(tokenizer, options.start),
      stop_(options.stop) {
  for (const Token token : history) sampler_.accept(token);
  if (is_last()) end(StopReason::max_tokens);
  if (cancelled()) end(StopReason::cancelled);
}

std::optional<Token> Generation::next(std::span<const float> logits) {
  const Token token = sampler_.sample(logits);
  sampler_.accept(token);
  result_.tokens.push_back(token);
  result_.unread = {token};
  if (const auto reason = push(token)) {
    end(*reason);
    return std::nullopt;
  }
  return token;
}

bool Generation::is_last() const {
  return options_.max_tokens >= 0 && std::cmp_greater_equal(result_.tokens.size(), options_.max_tokens);
}

bool Generation::cancelled() const { return options_.cancel != nullptr && *options_.cancel; }

bool Generation::ends_text(Token token) const {
  const auto contains = [token](const std::vector<Token>& tokens) {
    return std::find(tokens.begin(), tokens.end(), token) != tokens.end();
  };
  return contains(options_.stop_tokens) || (!options_.ignore_end && contains(tokenizer_.end_tokens()));
}

// Why to stop after this token, if so. Text passes two gates: whole characters first, then stop texts.
std::optional<StopReason> Generation::push(Token token) {
  if (ends_text(token)) return StopReason::end_token;
  emit(stop_.push(decoder_.push(token)));
  if (stop_.matched()) return StopReason::stop_text;
  if (reader_left_) return StopReason::cancelled;
  if (is_last()) return StopReason::max_tokens;
  return cancelled() ? std::optional(StopReason::cancelled) : std::nullopt;
}

void Generation::emit(const std::string& text) {
  if (text.empty()) return;
  result_.text += text;
  if (options_.stream && !reader_left_) reader_left_ = !options_.stream(text);
}

void Generation::end(StopReason reason) {
  emit(stop_.push(decoder_.flush()));
  emit(stop_.flush());
  result_.reason = reason;
  ended_ = true;
}

std::string_view to_string(StopReason reason) {
  switch (reason) {
    case StopReason::max_tokens:
      return "max_tokens";
    case StopReason::end_token:
      return "end_token";
    case StopReason::stop_text:
      return "stop_text";
    case StopReason::cancelled:
      return "cancelled";
  }
  return "";
}

}  // namespace msrnn
