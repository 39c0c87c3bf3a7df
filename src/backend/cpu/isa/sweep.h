// The sweeps of this instruction set, one for each policy.
#pragma once

#include "backend/cpu/attention_kernels.h"

namespace msrnn::cpu::MSRNN_ISA {

Sweeps sweep_kernels();

}  // namespace msrnn::cpu::MSRNN_ISA
