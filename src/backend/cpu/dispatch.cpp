// Picking the instruction set, once.
#include <cstdlib>
#include <string>

#include <fmt/ranges.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "backend/cpu/kernels.h"
#include "base/fail.h"

namespace msrnn::cpu {

namespace scalar {
MatmulKernels matmul_kernels();
AttentionKernels attention_kernels();
}  // namespace scalar

#if defined(__x86_64__)
namespace avx2 {
MatmulKernels matmul_kernels();
AttentionKernels attention_kernels();
}  // namespace avx2
namespace avx512 {
MatmulKernels matmul_kernels();
AttentionKernels attention_kernels();
}  // namespace avx512
namespace avx512vnni {
MatmulKernels matmul_kernels();
AttentionKernels attention_kernels();
}  // namespace avx512vnni
namespace avx512bf16 {
MatmulKernels matmul_kernels();
AttentionKernels attention_kernels();
}  // namespace avx512bf16
#endif

namespace {

#if defined(__x86_64__)
// Two extensions that clang 14 has no name for. They come on top of AVX2 and AVX-512, whose registers the
// operating system is known to save when these are asked for.
bool has_f16c() {
  unsigned a, b, c, d;
  return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_F16C) != 0;
}

bool has_avx512_bf16() {
  constexpr unsigned kBf16 = 1u << 5;
  unsigned a, b, c, d;
  return __get_cpuid_count(7, 1, &a, &b, &c, &d) != 0 && (a & kBf16) != 0;
}
#endif

// The compiler's run-time check covers the processor and whether the operating system saves its registers.
std::vector<Kernels> find_supported() {
  std::vector<Kernels> found = {{"scalar", scalar::matmul_kernels(), scalar::attention_kernels()}};
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c();
  if (avx2) found.push_back({"avx2", avx2::matmul_kernels(), avx2::attention_kernels()});
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if (avx512) found.push_back({"avx512", avx512::matmul_kernels(), avx512::attention_kernels()});
  const bool vnni = avx512 && __builtin_cpu_supports("avx512vnni");
  if (vnni) found.push_back({"avx512vnni", avx512vnni::matmul_kernels(), avx512vnni::attention_kernels()});
  if (vnni && has_avx512_bf16()) {
    found.push_back({"avx512bf16", avx512bf16::matmul_kernels(), avx512bf16::attention_kernels()});
  }
#endif
  return found;
}

const std::vector<Kernels>& supported() {
  static const std::vector<Kernels> found = find_supported();
  return found;
}

const Kernels& choose() {
  const char* forced = std::getenv("MSRNN_ISA");
  if (forced == nullptr || *forced == '\0') return supported().back();
  std::vector<std::string_view> names;
  for (const Kernels& candidate : supported()) {
    if (candidate.isa == forced) return candidate;
    names.push_back(candidate.isa);
  }
  fail_usage("MSRNN_ISA={}: expected one that this processor supports ({})", forced, fmt::join(names, ", "));
}

}  // namespace

const Kernels& kernels() {
  static const Kernels& chosen = choose();
  return chosen;
}

std::vector<const Kernels*> supported_kernels() {
  std::vector<const Kernels*> all;
  for (const Kernels& candidate : supported()) all.push_back(&candidate);
  return all;
}

}  // namespace msrnn::cpu
