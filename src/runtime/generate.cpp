#include "msrnn/generate.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/fail.h"
#include "runtime/stop_text.h"

namespace msrnn {
namespace {

bool cancelled(const GenerateOptions& options) { return options.cancel != nullptr && *options.cancel; }

bool ends_text(const Tokenizer& tokenizer, const GenerateOptions& options, Token token) {
  const auto contains = [token](const std::vector<Token>& tokens) {
    return std::find(tokens.begin(), tokens.end(), token) != tokens.end();
  };
  return contains(options.stop_tokens) || (!options.ignore_end && contains(tokenizer.end_tokens()));
}

// From tokens to the text that is final: whole characters first, then stop texts.
class Writer {
 public:
  Writer(const Tokenizer& tokenizer, const GenerateOptions& options, std::string& text)
      : decoder_(tokenizer, options.start), stop_(options.stop), stream_(options.stream), text_(text) {}

  // Why to stop, if so.
  std::optional<StopReason> push(Token token) {
    emit(stop_.push(decoder_.push(token)));
    if (stop_.matched()) return StopReason::stop_text;
    return reader_left_ ? std::optional(StopReason::cancelled) : std::nullopt;
  }

  void flush() {
    emit(stop_.push(decoder_.flush()));
    emit(stop_.flush());
  }

 private:
  void emit(const std::string& text) {
    if (text.empty()) return;
    text_ += text;
    if (stream_ && !reader_left_) reader_left_ = !stream_(text);
  }

  StreamDecoder decoder_;
  StopText stop_;
  const std::function<bool(std::string_view)>& stream_;
  std::string& text_;
  bool reader_left_ = false;
};

}  // namespace

GenerateResult generate(Sequence& sequence, const Tokenizer& tokenizer, const GenerateOptions& options,
                        std::span<const Token> history) {
  if (sequence.logits().empty()) fail_usage("nothing to go on from: the sequence has read no token");
  Sampler sampler(options.sampler);
  for (const Token token : history) sampler.accept(token);

  GenerateResult result;
  Writer writer(tokenizer, options, result.text);
  const auto is_last = [&] {
    return options.max_tokens >= 0 && std::cmp_greater_equal(result.tokens.size(), options.max_tokens);
  };
  std::optional<StopReason> stop;
  if (is_last()) stop = StopReason::max_tokens;
  if (cancelled(options)) stop = StopReason::cancelled;
  while (!stop) {
    // What is sampled is read only when another token follows, so that stopping costs no forward pass.
    if (!result.unread.empty()) sequence.read(std::exchange(result.unread, {}));
    const Token token = sampler.sample(sequence.logits());
    sampler.accept(token);
    result.tokens.push_back(token);
    result.unread = {token};
    if (ends_text(tokenizer, options, token)) {
      stop = StopReason::end_token;
    } else {
      stop = writer.push(token);
      if (!stop && is_last()) stop = StopReason::max_tokens;
      if (!stop && cancelled(options)) stop = StopReason::cancelled;
    }
  }
  writer.flush();
  result.reason = *stop;
  return result;
}

}  // namespace msrnn
