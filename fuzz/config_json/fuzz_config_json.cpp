// The readers of a Hugging Face folder's JSON on any text: as config.json, and as a file of the tokenizer.
// They refuse it with an Error, or give metadata whose sizes make sense.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <string>

#include "msrnn/error.h"

#include "formats/hf_config.h"
#include "formats/hf_tensors.h"
#include "formats/hf_tokenizer.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check_config(const std::string& text) {
  const msrnn::HfConfig config = msrnn::read_hf_config(text, "fuzz");
  const std::string prefix = config.metadata.text("general.architecture") + ".";
  require(config.metadata.integer(prefix + "block_count") == config.n_layers && config.n_layers > 0);
  const std::int64_t rotated = config.metadata.integer(prefix + "rope.dimension_count");
  require(rotated > 0 && rotated % 2 == 0 &&
          rotated <= config.metadata.integer(prefix + "attention.key_length"));
  for (const msrnn::ComputedVector& factors : config.rope_factors) {
    require(static_cast<std::int64_t>(factors.values.size()) == rotated / 2);
  }
  require(msrnn::gguf_tensor_name("model.layers.0.mlp.up_proj.weight", config, "fuzz") ==
          "blk.0.ffn_up.weight");
}

template <class Body>
void attempt(Body body) {
  try {
    body();
  } catch (const msrnn::Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  attempt([&] { check_config(text); });
  std::optional<std::string> msrnn::HfTokenizerFiles::*const kFiles[] = {
      &msrnn::HfTokenizerFiles::tokenizer_json, &msrnn::HfTokenizerFiles::tokenizer_config,
      &msrnn::HfTokenizerFiles::generation_config, &msrnn::HfTokenizerFiles::special_tokens_map,
      &msrnn::HfTokenizerFiles::chat_template_json};
  attempt([&] {
    msrnn::HfTokenizerFiles files;
    files.config = "{}";
    files.*kFiles[size % std::size(kFiles)] = text;  // one a run, which is quicker
    msrnn::Metadata metadata;
    msrnn::add_tokenizer_metadata(files, "fuzz", metadata);
  });
  attempt([&] { msrnn::gguf_tensor_name(text, {.n_layers = 3}, "fuzz"); });
  return 0;
}
