#include "eval/generate_many.h"

#include <memory>

#include "base/fail.h"
#include "runtime/generation.h"

namespace msrnn {
namespace {

struct Running {
  std::size_t request;
  Sequence sequence;
  Generation generation;
};

}  // namespace

void generate_many(const Tokenizer& tokenizer, std::span<const GenerationRequest> requests, int batch,
                   const std::function<void(std::size_t, GenerateResult, const Sequence&)>& ended) {
  if (batch < 1) fail_usage("a batch of {}: expected at least 1", batch);
  std::vector<std::unique_ptr<Running>> running;
  std::size_t next = 0;
  while (next < requests.size() || !running.empty()) {
    while (next < requests.size() && running.size() < static_cast<std::size_t>(batch)) {
      const GenerationRequest& request = requests[next];
      running.push_back(std::make_unique<Running>(
          Running{next++, request.start(), Generation(tokenizer, request.options)}));
    }
    std::vector<Sequence*> sequences;
    std::vector<Token> tokens;
    std::erase_if(running, [&](const std::unique_ptr<Running>& one) {
      std::optional<Token> token;
      if (!one->generation.ended()) token = one->generation.next(one->sequence.logits());
      if (!token) {
        ended(one->request, one->generation.take_result(), one->sequence);
        return true;
      }
      sequences.push_back(&one->sequence);
      tokens.push_back(*token);
      return false;
    });
    if (!tokens.empty()) read_batch(sequences, tokens);
  }
}

}  // namespace msrnn
