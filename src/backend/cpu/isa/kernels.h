// What the sources of this folder add to a table of kernels, for one instruction set.
#pragma once

#include "backend/cpu/kernels.h"

namespace msrnn::cpu::MSRNN_ISA {

// Everything but the products.
void add_elementwise(MatmulKernels& kernels, Precision precision);
void add_float_products(MatmulKernels& kernels);
void add_bf16_products(MatmulKernels& kernels, Precision precision);
// With quantised weights, and unless exact with bf16 ones.
void add_int16_products(MatmulKernels& kernels, Precision precision);
// Replace some products of another set by faster ones.
void add_byte_products(MatmulKernels& kernels, Precision precision);
void add_vnni_products(MatmulKernels& kernels, Precision precision);
void add_int12_products(MatmulKernels& kernels, Precision precision);  // before the tiles
void add_int8_tiles(MatmulKernels& kernels, Precision precision);
void add_bf16_tiles(MatmulKernels& kernels, Precision precision);

void add_attention(AttentionKernels& kernels);  // everything but the sweeps
void add_sweeps(AttentionKernels& kernels);

}  // namespace msrnn::cpu::MSRNN_ISA
