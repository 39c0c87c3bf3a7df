// How fast this processor multiplies at best.
#pragma once

#include "backend/cpu/kernels.h"
#include "base/thread_pool.h"

namespace msrnn::cpu {

// Multiply-adds a second of all threads together, the best of a few runs.
double measure_peak(const MatmulKernels::Peak& peak, ThreadPool& pool);

}  // namespace msrnn::cpu
