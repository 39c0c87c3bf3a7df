// The kernels around the matrix products of this instruction set.
#pragma once

#include "backend/cpu/kernels.h"

namespace msrnn::cpu::MSRNN_ISA {

// Everything but the products and bf16_input.
MatmulKernels elementwise_kernels();

}  // namespace msrnn::cpu::MSRNN_ISA
