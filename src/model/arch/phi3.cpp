// Phi-3 and its relatives (arXiv 2404.14219): Llama's block with q, k and v in one matrix, and gate and up in
// one.
#include "model/architecture.h"

namespace msrnn {

const Architecture kPhi3 = {
    .name = "phi3",
    .tensors = {.layer = {.qkv = "blk.{}.attn_qkv.weight", .gate_up = "blk.{}.ffn_up.weight"}}};

}  // namespace msrnn
