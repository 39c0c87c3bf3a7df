// Decoding in steady state asks for no memory: what a step needs was taken before.
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>

#include <gtest/gtest.h>

#include "msrnn/sequence.h"

#include "conformance/reading.h"

namespace {

std::atomic<std::int64_t> allocations{0};

void* take(std::size_t bytes, std::size_t alignment) {
  ++allocations;
  void* memory = nullptr;
  if (::posix_memalign(&memory, std::max(alignment, sizeof(void*)), bytes == 0 ? 1 : bytes) != 0)
    throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(std::size_t bytes) { return take(bytes, sizeof(void*)); }
void* operator new[](std::size_t bytes) { return take(bytes, sizeof(void*)); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return take(bytes, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t bytes, std::align_val_t alignment) {
  return take(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace msrnn::testing {
namespace {

struct Case {
  const char* policy;
  const char* positions;
  const char* type;
};

class AllocationTest : public ::testing::TestWithParam<Case> {};

TEST_P(AllocationTest, DecodingTakesNoMemory) {
  for (const int batch : {1, 3}) {
    const Model& model = tiny_model("cpu", 2, GgufTensor::q8_0);
    std::vector<Sequence> sequences;
    std::vector<Sequence*> pointers;
    for (int i = 0; i < batch; ++i) {
      sequences.emplace_back(model, StateOptions{.policy = GetParam().policy,
                                                 .capacity = 24,
                                                 .type = GetParam().type,
                                                 .positions = GetParam().positions});
      sequences.back().read(random_tokens(40, 5));
    }
    for (Sequence& sequence : sequences) pointers.push_back(&sequence);
    const std::vector<Token> tokens = random_tokens(200 * batch, 6);
    const auto step = [&](int i) {
      read_batch(pointers, std::span(tokens).subspan(static_cast<std::size_t>(i * batch),
                                                     static_cast<std::size_t>(batch)));
    };
    for (int i = 0; i < 100; ++i) step(i);
    const std::int64_t before = allocations;
    for (int i = 100; i < 200; ++i) step(i);
    EXPECT_EQ(allocations - before, 0) << "in 100 steps of a batch of " << batch;
  }
}

INSTANTIATE_TEST_SUITE_P(Policies, AllocationTest,
                         ::testing::Values(Case{"tova", "absolute", "f16"}, Case{"tova", "absolute", "q8_0"},
                                           Case{"h2o", "absolute", "bf16"},
                                           Case{"window+4", "in-cache", "f16"},
                                           Case{"tova", "compressed", "q8_0"},
                                           Case{"decayed", "in-cache", "f32"}));

}  // namespace
}  // namespace msrnn::testing
