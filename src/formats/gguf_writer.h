// Writing GGUF version 3, tensor after tensor, so that a model of any size takes no more memory than what its
// writer holds at once.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/atomic_file.h"
#include "base/thread_pool.h"
#include "formats/weight_file.h"

namespace msrnn {

struct GgufTensorPlan {
  std::string name;
  std::vector<std::int64_t> shape;  // outermost first
  DType dtype = DType::f32;

  std::int64_t rows() const;
  std::int64_t cols() const { return shape.back(); }
  std::int64_t bytes() const { return rows() * stored_bytes(dtype, cols()); }
};

class GgufWriter {
 public:
  // Writes all but the data to a temporary file beside `target`. Integers of the metadata are written as u32
  // where they fit, numbers as f32, arrays as i32 and f32: what llama.cpp expects of all keys. Throws Error
  // where the file cannot be written, or where rows are not whole blocks of their type.
  GgufWriter(const std::filesystem::path& target, const Metadata& metadata,
             std::vector<GgufTensorPlan> tensors);

  // The next bytes of the data, the tensors in their order; a piece may not reach beyond the end of a tensor.
  void write(std::span<const std::byte> bytes);

  // All tensors must have been written. Renames the file to its name; a file of that name is replaced.
  void commit();

 private:
  AtomicFile file_;
  std::vector<GgufTensorPlan> tensors_;
  std::size_t tensor_ = 0;      // which one is being written
  std::int64_t remaining_ = 0;  // of its bytes
};

// Writes row `row` of tensor `tensor` of a plan to `stored`, in its type. Called by many threads at once;
// `worker` tells which. Returns false where the row has numbers that the type cannot hold.
using RowFiller = std::function<bool(std::size_t tensor, std::int64_t row, int worker, std::byte* stored)>;

struct WriteOptions {
  // Called now and then, by the calling thread, with the bytes of the data that are written.
  std::function<void(std::int64_t done, std::int64_t total)> progress = {};
  const std::atomic<bool>* stop = nullptr;  // set: give up at the next opportunity
};

// A whole file, its rows made by all threads, a few MiB at a time. Returns false if it was stopped; then, and
// where an Error is thrown, nothing is left.
bool write_gguf(const std::filesystem::path& target, const Metadata& metadata,
                const std::vector<GgufTensorPlan>& tensors, const RowFiller& fill, ThreadPool& threads,
                const WriteOptions& options);

}  // namespace msrnn
