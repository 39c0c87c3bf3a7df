#include "formats/convert.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/fail.h"
#include "formats/dynamic_rope.h"
#include "tensor/quantise.h"

namespace msrnn {
namespace {

// What llama.cpp calls a file most of whose weights are of a type (enum llama_ftype).
std::int64_t file_type(DType type) {
  switch (type) {
    case DType::f32:
      return 0;
    case DType::f16:
      return 1;
    case DType::bf16:
      return 32;
    case DType::q8_0:
      return 7;
    case DType::q4_0:
      return 2;
    case DType::q4_1:
      return 3;
    case DType::q5_0:
      return 8;
    case DType::q5_1:
      return 9;
    case DType::q2_k:
      return 10;
    case DType::q3_k:
      return 11;
    case DType::q4_k:
      return 14;
    case DType::q5_k:
      return 16;
    case DType::q6_k:
      return 18;
    case DType::iq4_nl:
      return 25;
    case DType::iq4_xs:
      return 30;
  }
  return 0;
}

bool has_fewer_than_six_bits(DType type) {
  return 8.0 * traits(type).block_bytes / traits(type).block_size < 6.5;
}

DType relative_of_32(DType type) {
  switch (type) {
    case DType::q2_k:
    case DType::q3_k:
    case DType::iq4_xs:
      return DType::iq4_nl;
    case DType::q4_k:
      return DType::q5_0;
    case DType::q5_k:
      return DType::q5_1;
    case DType::q6_k:
      return DType::q8_0;
    default:
      return type;
  }
}

DType fitting(DType type, std::int64_t cols) {
  if (cols % traits(type).block_size == 0) return type;
  const DType smaller = relative_of_32(type);
  return cols % traits(smaller).block_size == 0 ? smaller : DType::f16;
}

// In files of the architecture llama, number 2i and 2i + 1 of a head turn together; where halves do, row i
// and row i + d/2 have to become them.
class RowOrder {
 public:
  RowOrder(const Metadata& metadata, const GgufTensorPlan& tensor) {
    if (metadata.text_or("general.architecture", "") != "llama") return;
    if (metadata.text_or("msrnn.rope.pairs", "") != "halves") return;
    const bool turns = tensor.name.ends_with(".attn_q.weight") || tensor.name.ends_with(".attn_k.weight") ||
                       tensor.name.ends_with(".attn_q.bias") || tensor.name.ends_with(".attn_k.bias");
    if (!turns) return;
    head_dim_ = metadata.integer("llama.attention.key_length");
    if (head_dim_ < 2 || head_dim_ % 2 != 0 || tensor.shape.front() % head_dim_ != 0) {
      fail("tensor {}: {} rows are not heads of {}", tensor.name, tensor.shape.front(), head_dim_);
    }
  }

  // Which row of the model is row r of the file.
  std::int64_t source(std::int64_t r) const {
    if (head_dim_ == 0) return r;
    const std::int64_t within = r % head_dim_;
    return r - within + within % 2 * (head_dim_ / 2) + within / 2;
  }

 private:
  std::int64_t head_dim_ = 0;
};

double largest_number(DType type) {
  return type == DType::f32 || type == DType::bf16 ? std::numeric_limits<float>::max() : 65504.0;
}

// What each thread needs to turn one row.
using Scratch = std::vector<std::vector<float>>;

// The numbers of row `row` of the file, in their order there.
void read_row(const StoredTensor& stored, const RowOrder& order, std::int64_t row,
              std::vector<float>& numbers) {
  const TensorView& view = stored.view;
  const bool is_vector = stored.shape.size() == 1;
  numbers.resize(static_cast<std::size_t>(view.cols));
  dequantise(view.dtype, view.row(is_vector ? 0 : order.source(row)), view.cols, numbers.data());
  if (!is_vector) return;
  const std::vector<float> unordered = numbers;
  for (std::int64_t i = 0; i < view.cols; ++i) {
    numbers[static_cast<std::size_t>(i)] = unordered[static_cast<std::size_t>(order.source(i))];
  }
}

bool convert_row(const StoredTensor& stored, const RowOrder& order, std::int64_t row, DType type,
                 std::vector<float>& numbers, std::byte* to) {
  const TensorView& view = stored.view;
  if (view.dtype == type && stored.shape.size() > 1) {
    std::copy_n(view.row(order.source(row)), view.row_bytes(), to);
    return true;
  }
  read_row(stored, order, row, numbers);
  const double most = largest_number(type);
  if (!std::ranges::all_of(numbers, [most](float x) { return std::abs(x) <= most; }))
    return false;  // NaN neither
  quantise(type, numbers.data(), view.cols, to);
  return true;
}

}  // namespace

void choose_types(std::vector<GgufTensorPlan>& tensors, DType type) {
  const bool has_output = std::ranges::count(tensors, "output.weight", &GgufTensorPlan::name) > 0;
  const std::string_view output = has_output ? "output.weight" : "token_embd.weight";
  for (GgufTensorPlan& tensor : tensors) {
    const bool is_vector = tensor.shape.size() == 1;
    const bool decides = tensor.name == output && has_fewer_than_six_bits(type);
    tensor.dtype = fitting(is_vector ? DType::f32 : decides ? DType::q6_k : type, tensor.cols());
  }
}

Metadata weight_metadata(const Metadata& metadata, DType type) {
  Metadata out;
  for (const auto& [key, value] : metadata.values()) {
    const bool about_input =
        key.starts_with("split.") || key == "general.alignment" || key == "msrnn.rope.pairs";
    if (!about_input) out.set(key, value);
  }
  out.set("general.file_type", file_type(type));
  hide_dynamic_rope(out);
  out.set("general.quantization_version", std::int64_t{2});
  return out;
}

bool convert_to_gguf(const WeightFile& model, const Metadata& metadata, DType type,
                     const std::filesystem::path& target, ThreadPool& threads, const WriteOptions& options) {
  std::vector<GgufTensorPlan> plan;
  for (const StoredTensor& tensor : model.tensors())
    plan.push_back({tensor.name, tensor.shape, tensor.view.dtype});
  choose_types(plan, type);
  std::vector<RowOrder> orders;
  for (const GgufTensorPlan& tensor : plan) orders.emplace_back(model.metadata(), tensor);
  Scratch scratch(static_cast<std::size_t>(threads.size()));
  const auto fill = [&](std::size_t i, std::int64_t row, int worker, std::byte* stored) {
    return convert_row(model.tensors()[i], orders[i], row, plan[i].dtype,
                       scratch[static_cast<std::size_t>(worker)], stored);
  };
  return write_gguf(target, metadata, plan, fill, threads, options);
}

}  // namespace msrnn
