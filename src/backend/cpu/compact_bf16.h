// Packing of bf16 weights in three quarters of their bytes (layout.h), where that pays.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "backend/cpu/layout.h"
#include "base/thread_pool.h"
#include "tensor/tensor.h"

namespace msrnn::cpu {

struct CompactBFloat16 {
  Buffer groups;
  std::vector<BFloat16Exception> exceptions;        // a list for each group, ended
  std::vector<const BFloat16Exception*> of_groups;  // where each begins

  std::size_t bytes() const {
    return groups.size() + std::as_bytes(std::span(exceptions)).size() +
           std::as_bytes(std::span(of_groups)).size();
  }
};

// Nothing if more than one number in 512 would be an exception. stored: bf16.
std::optional<CompactBFloat16> pack_compact(const TensorView& stored, ThreadPool& pool);

}  // namespace msrnn::cpu
