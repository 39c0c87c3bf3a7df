// A model file with everything in it: weights, tokenizer, chat template.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "msrnn/chat.h"
#include "msrnn/export.h"
#include "msrnn/model.h"
#include "msrnn/tokenizer.h"

namespace MSRNN_API msrnn {

struct Engine {
  Model model;
  Tokenizer tokenizer;

  // Throws Error with the reason where the file cannot be read.
  static Engine load(const std::filesystem::path& path, const ModelOptions& options = {});

  // The conversation as the model's chat template writes it. Throws Error if the model has none.
  std::string render_chat(const std::vector<ChatMessage>& messages, bool add_generation_prompt = true) const;
};

}  // namespace msrnn
