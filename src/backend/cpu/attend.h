// Backend::attend on the processor.
#pragma once

#include <span>

#include "backend/backend.h"
#include "backend/cpu/attend_blocks.h"
#include "backend/cpu/attend_steps.h"
#include "backend/cpu/attention_pass.h"

namespace msrnn::cpu {

// Keeps its scratch memory between calls. Its size follows from the largest state and block of rows seen, not
// from the length of texts.
class CpuAttention {
 public:
  // Backend::attend. What it computes for a job depends neither on the number of threads nor on the other
  // jobs.
  void run(const AttentionPass& pass, std::span<const AttentionJob> jobs);

 private:
  StepAttention steps_;
  BlockAttention blocks_;
  std::vector<const AttentionJob*> stepwise_;
};

}  // namespace msrnn::cpu
