#include "msrnn/generate.h"

#include "base/fail.h"
#include "runtime/generation.h"

namespace msrnn {

GenerateResult generate(Sequence& sequence, const Tokenizer& tokenizer, const GenerateOptions& options,
                        std::span<const Token> history) {
  if (sequence.logits().empty()) fail_usage("nothing to go on from: the sequence has read no token");
  Generation generation(tokenizer, options, history);
  while (!generation.ended()) {
    // What is sampled is read only when another token follows, so that stopping costs no forward pass.
    if (const auto token = generation.next(sequence.logits())) sequence.read({&*token, 1});
  }
  return generation.take_result();
}

}  // namespace msrnn
