// What all jobs of one call of Backend::attend share.
#pragma once

#include "backend/backend.h"
#include "backend/cpu/kernels.h"
#include "base/thread_pool.h"

namespace msrnn::cpu {

// Slots whose weighted values are added up on their own; these sums then follow each other. A multiple of
// kKeyPanel.
inline constexpr std::int32_t kSlotChunk = 64;

struct AttentionPass {
  Tensor out;
  Qkv qkv;
  AttentionShape shape;
  ThreadPool& pool;
  const Kernels& kernels;
};

}  // namespace msrnn::cpu
