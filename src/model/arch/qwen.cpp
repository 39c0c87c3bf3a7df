// Qwen2 and 2.5: Llama's block with biases of queries, keys and values (arXiv 2407.10671, 2412.15115). Qwen3:
// with norms of each query and key head in their place (2505.09388).
#include "model/architecture.h"

namespace msrnn {

const Architecture kQwen2 = {.name = "qwen2",
                             .tensors = {.layer = {.q_bias = "blk.{}.attn_q.bias",
                                                   .k_bias = "blk.{}.attn_k.bias",
                                                   .v_bias = "blk.{}.attn_v.bias"}}};

const Architecture kQwen3 = {
    .name = "qwen3",
    .tensors = {.layer = {.q_norm = "blk.{}.attn_q_norm.weight", .k_norm = "blk.{}.attn_k_norm.weight"}}};

}  // namespace msrnn
