// The rotary embeddings of a model's layers.
#pragma once

#include <vector>

#include "msrnn/model.h"

#include "backend/rope.h"
#include "formats/weight_file.h"

namespace msrnn {

class ModelRopes {
 public:
  ModelRopes() = default;
  // Throws Error where factors in the file do not fit.
  ModelRopes(const ModelConfig& config, const WeightFile& file, Rope::Pairs pairs);

  // Views of this object's frequencies.
  Rope of_layer(int layer) const;

  // Tensors of a file that it reads: what each pair's frequency is divided by.
  static bool reads(std::string_view tensor);

 private:
  std::vector<bool> slides_;  // [n_layers], where these layers turn otherwise
  std::vector<double> frequencies_, long_frequencies_, sliding_frequencies_;
  Rope rope_;  // all but the frequencies
};

}  // namespace msrnn
