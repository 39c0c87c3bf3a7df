#include "eval/bandwidth.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>

#include "base/stopwatch.h"
#include "base/thread_pool.h"
#include "tensor/tensor.h"

namespace msrnn {
namespace {

constexpr std::int64_t kBytes = std::int64_t{512} << 20;
constexpr std::int64_t kTaskBytes = std::int64_t{4} << 20;
constexpr std::int64_t kAheadWords = 512;  // as products with weights look ahead
constexpr double kSeconds = 0.4;

// Eight sums, so that no addition waits for the one before.
std::uint64_t sum(const std::uint64_t* words, std::int64_t n) {
  std::uint64_t sums[8] = {};
  for (std::int64_t i = 0; i < n; i += 8) {
    __builtin_prefetch(words + i + kAheadWords);
    for (std::int64_t lane = 0; lane < 8; ++lane) sums[lane] += words[i + lane];
  }
  std::uint64_t total = 0;
  for (const std::uint64_t s : sums) total += s;
  return total;
}

// Bytes a second of the best pass over `bytes` bytes, in tasks of kTaskBytes.
template <class Task>
double best_pass(ThreadPool& pool, std::int64_t bytes, Task task) {
  double best = 0;
  const Stopwatch watch;
  do {
    const Stopwatch pass;
    pool.for_each(bytes / kTaskBytes, [&](std::int64_t i, int) { task(i * kTaskBytes); });
    best = std::max(best, static_cast<double>(bytes) / pass.seconds());
  } while (watch.seconds() < kSeconds);
  return best;
}

Buffer filled_buffer(ThreadPool& pool) {
  Buffer buffer(kBytes);
  pool.for_each(kBytes / kTaskBytes, [&](std::int64_t task, int) {
    std::memset(buffer.data() + task * kTaskBytes, 1, kTaskBytes);
  });
  return buffer;
}

}  // namespace

double measure_read_bandwidth(int threads) {
  ThreadPool pool(threads);
  const Buffer buffer = filled_buffer(pool);
  std::atomic<std::uint64_t> checksum{0};  // keeps the reads from being optimised away
  return best_pass(pool, kBytes, [&](std::int64_t at) {
    checksum += sum(reinterpret_cast<const std::uint64_t*>(buffer.data() + at), kTaskBytes / 8);
  });
}

double measure_copy_bandwidth(int threads) {
  ThreadPool pool(threads);
  Buffer buffer = filled_buffer(pool);
  constexpr std::int64_t kHalf = kBytes / 2;
  return best_pass(pool, kHalf, [&](std::int64_t at) {
    std::memcpy(buffer.data() + kHalf + at, buffer.data() + at, kTaskBytes);
  });
}

}  // namespace msrnn
