#include "backend/cpu/attend.h"

namespace msrnn::cpu {
namespace {

// Loading a state as a matrix pays for itself from about so many rows on.
constexpr std::int32_t kSmallestBlock = 8;

}  // namespace

void CpuAttention::run(const AttentionPass& pass, std::span<const AttentionJob> jobs) {
  stepwise_.clear();
  for (const AttentionJob& job : jobs) {
    // Where positions change with every eviction, so do the rotated keys: there is no block to multiply.
    if (job.positions != PositionMode::absolute || job.n_rows < kSmallestBlock) {
      stepwise_.push_back(&job);
    } else {
      blocks_.run(pass, job);
    }
  }
  steps_.run(pass, stepwise_);
}

}  // namespace msrnn::cpu
