// The pipeline of a tokenizer.json: normalizer, pre_tokenizer, decoder.
#pragma once

#include "tokenizer/json_reader.h"
#include "tokenizer/pipeline.h"

namespace msrnn {

// Everything of a pipeline, what the model says of it too.
Pipeline read_pipeline(const JsonNode& file);

}  // namespace msrnn
