// What all jobs of one call of Backend::attend share.
#pragma once

#include "backend/backend.h"
#include "backend/cpu/kernels.h"
#include "base/thread_pool.h"

namespace msrnn::cpu {

struct AttentionPass {
  Tensor out;
  Qkv qkv;
  AttentionShape shape;
  ThreadPool& pool;
  const Kernels& kernels;
};

}  // namespace msrnn::cpu
