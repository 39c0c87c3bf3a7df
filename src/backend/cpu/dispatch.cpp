// Picking the instruction set, once.
#include <cstdlib>
#include <string>

#include <fmt/ranges.h>
#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "backend/cpu/kernels.h"
#include "base/fail.h"

namespace msrnn::cpu {

namespace scalar {
Kernels kernels(std::string_view isa, Precision precision);
}

#if defined(__x86_64__)
namespace avx2 {
Kernels kernels(std::string_view isa, Precision precision);
void add_byte_products(MatmulKernels& kernels, Precision precision);
}  // namespace avx2
namespace avx512 {
Kernels kernels(std::string_view isa, Precision precision);
void add_byte_products(MatmulKernels& kernels, Precision precision);
}  // namespace avx512
namespace avx512vnni {
void add_vnni_products(MatmulKernels& kernels, Precision precision);
void add_int12_products(MatmulKernels& kernels, Precision precision);
}  // namespace avx512vnni
namespace avx512bf16 {
void add_bf16_products(MatmulKernels& kernels, Precision precision);
}
namespace amx {
void add_int8_tiles(MatmulKernels& kernels, Precision precision);
void add_bf16_tiles(MatmulKernels& kernels, Precision precision);
}  // namespace amx
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

// A process has to ask for the registers of AMX: they are large, and most have no use for them.
bool has_amx() {
  constexpr unsigned kBf16 = 1u << 22, kTile = 1u << 24, kInt8 = 1u << 25, kAll = kBf16 | kTile | kInt8;
  constexpr long kRequest = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM and XFEATURE_XTILEDATA of Linux
  unsigned a, b, c, d;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (d & kAll) == kAll &&
         syscall(SYS_arch_prctl, kRequest, kTileData) == 0;
}

// The compiler's run-time check covers the processor and whether the operating system saves its registers.
std::vector<Kernels> find_supported(Precision precision) {
  std::vector<Kernels> found = {scalar::kernels("scalar", precision)};
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") || !has_f16c()) return found;
  found.push_back(avx2::kernels("avx2", precision));
  avx2::add_byte_products(found.back().matmul, precision);
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
      !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl")) {
    return found;
  }
  Kernels best = avx512::kernels("avx512", precision);
  avx512::add_byte_products(best.matmul, precision);
  found.push_back(best);
  if (!__builtin_cpu_supports("avx512vnni")) return found;
  best.isa = "avx512vnni";
  avx512vnni::add_vnni_products(best.matmul, precision);
  found.push_back(best);
  if (!has_avx512_bf16()) return found;
  best.isa = "avx512bf16";
  avx512bf16::add_bf16_products(best.matmul, precision);
  found.push_back(best);
  if (!has_amx()) return found;
  best.isa = "amx";
  // Both planes of 12 bits take a tile no longer than one of 8.
  avx512vnni::add_int12_products(best.matmul, precision);
  amx::add_int8_tiles(best.matmul, precision);
  amx::add_bf16_tiles(best.matmul, precision);
  found.push_back(best);
#endif
  return found;
}

const std::vector<Kernels>& supported(Precision precision) {
  static const std::vector<Kernels> found[kPrecisions] = {
      find_supported(Precision::exact), find_supported(Precision::mixed), find_supported(Precision::fast)};
  return found[static_cast<int>(precision)];
}

const Kernels& choose(Precision precision) {
  const char* forced = std::getenv("MSRNN_ISA");
  if (forced == nullptr || *forced == '\0') return supported(precision).back();
  std::vector<std::string_view> names;
  for (const Kernels& candidate : supported(precision)) {
    if (candidate.isa == forced) return candidate;
    names.push_back(candidate.isa);
  }
  fail_usage("MSRNN_ISA={}: expected one that this processor supports ({})", forced, fmt::join(names, ", "));
}

}  // namespace

const Kernels& kernels(Precision precision) { return choose(precision); }

std::vector<const Kernels*> supported_kernels(Precision precision) {
  std::vector<const Kernels*> all;
  for (const Kernels& candidate : supported(precision)) all.push_back(&candidate);
  return all;
}

}  // namespace msrnn::cpu
