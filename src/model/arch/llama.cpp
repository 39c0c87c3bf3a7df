// The Llama family: RMS norm, rotary embedding, grouped-query attention, SwiGLU, output matrix tied or not
// (arXiv 2302.13971, 2307.09288, 2407.21783). Mistral (2310.06825) and Yi (2403.04652) files name it too.
#include "model/architecture.h"

namespace msrnn {

const Architecture kLlama = {.name = "llama", .rope_pairs = Rope::Pairs::interleaved};

}  // namespace msrnn
