// What all jobs of one call of Backend::attend share.
#pragma once

#include <algorithm>

#include "backend/backend.h"
#include "backend/cpu/kernels.h"
#include "base/thread_pool.h"

namespace msrnn::cpu {

// Slots whose weighted values are added up on their own; these sums then follow each other. A multiple of
// kKeyPanel.
inline constexpr std::int32_t kSlotChunk = 128;

// The first position that the token at `position` sees.
inline std::int32_t first_seen(const AttentionShape& shape, std::int32_t position) {
  return shape.window == 0 ? 0 : std::max(0, position - shape.window + 1);
}

struct AttentionPass {
  Tensor out;
  Qkv qkv;
  AttentionShape shape;
  ThreadPool& pool;
  const Kernels& kernels;
  StageClock& clock;
};

}  // namespace msrnn::cpu
