// What the files of a Hugging Face checkpoint say about its tokenizer, as metadata.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "formats/weight_file.h"

namespace msrnn {

// The content of the files, as far as they are there.
struct HfTokenizerFiles {
  std::optional<std::string> tokenizer_json, tokenizer_model, tokenizer_config, special_tokens_map,
      generation_config, chat_template_jinja, chat_template_json;
  std::string config;  // config.json, for the ids it names

  static HfTokenizerFiles read(const std::filesystem::path& folder, std::string config);
};

// Sets, where the files say so:
//   tokenizer.huggingface.json        the text of tokenizer.json
//   msrnn.tokenizer.model             the bytes of tokenizer.model, a SentencePiece model
//   msrnn.tokenizer.added_tokens      texts of the tokens that tokenizer_config.json adds to a vocabulary,
//   with
//     .added_token_ids, .added_token_types (as tokenizer.ggml.token_type: 3 special, 4 other) and
//     .added_token_strips (1: takes the white space to its left along, 2: to its right, 3: both)
//   tokenizer.ggml.{bos,eos,unknown,padding}_token_id
//   msrnn.tokenizer.eos_token_ids     all ids that end a generation; the first one beyond eos is also
//                                     tokenizer.ggml.eot_token_id
//   tokenizer.ggml.add_{bos,eos}_token
//   tokenizer.chat_template           and tokenizer.chat_template.NAME for further ones, which
//                                     tokenizer.chat_templates lists
// Special tokens that are named by their text are looked up among the added tokens; where they are not there,
// the ids of generation_config.json and config.json count. `source` is the folder, for errors.
void add_tokenizer_metadata(const HfTokenizerFiles& files, std::string_view source, Metadata& metadata);

}  // namespace msrnn
