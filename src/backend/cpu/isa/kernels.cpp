// A whole table of this instruction set.
#include "backend/cpu/isa/kernels.h"

namespace msrnn::cpu::MSRNN_ISA {

Kernels kernels(std::string_view isa, Precision precision) {
  Kernels all = {isa, precision, {}, {}};
  add_elementwise(all.matmul, precision);
  add_float_products(all.matmul);
  add_bf16_products(all.matmul, precision);
  add_int16_products(all.matmul, precision);
  add_attention(all.attention);
  add_sweeps(all.attention);
  return all;
}

}  // namespace msrnn::cpu::MSRNN_ISA
