// Dynamic NTK scaling in GGUF files. No other program has it there, and llama.cpp ends where it finds a type
// that it does not know: files say "none" to it, which is right up to the original length, and the truth to
// msrnn.
#pragma once

#include <string>

#include "formats/weight_file.h"

namespace msrnn {

inline constexpr const char* kOwnRopeScaling = "msrnn.rope.scaling.type";

inline std::string rope_scaling_key(const Metadata& metadata) {
  return metadata.text_or("general.architecture", "") + ".rope.scaling.type";
}

// For metadata to be written.
inline void hide_dynamic_rope(Metadata& metadata) {
  const std::string key = rope_scaling_key(metadata);
  if (!metadata.has(key) || metadata.text(key) != "dynamic") return;
  metadata.set(key, "none");
  metadata.set(kOwnRopeScaling, "dynamic");
}

// For metadata that was read.
inline void show_dynamic_rope(Metadata& metadata) {
  if (metadata.has(kOwnRopeScaling)) metadata.set(rope_scaling_key(metadata), metadata.text(kOwnRopeScaling));
}

}  // namespace msrnn
