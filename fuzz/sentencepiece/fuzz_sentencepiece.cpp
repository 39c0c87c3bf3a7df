// Any bytes as a tokenizer.model: refused with an Error, or a tokenizer that encodes and decodes.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/fail.h"
#include "tokenizer/sentencepiece_model.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const msrnn::Tokenizer tokenizer =
        make_tokenizer(msrnn::read_sentencepiece_model({reinterpret_cast<const char*>(data), size}));
    for (const bool special : {false, true}) {
      const auto tokens = tokenizer.encode("<s> ab  c\u2581d12 e\u0301\xFF\n", {special, special});
      tokenizer.decode(tokens);
    }
  } catch (const msrnn::Error&) {
  }
  return 0;
}
