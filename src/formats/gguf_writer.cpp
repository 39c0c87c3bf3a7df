#include "formats/gguf_writer.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <type_traits>

#include "base/fail.h"
#include "formats/gguf.h"
#include "formats/gguf_numbers.h"
#include "tensor/tensor.h"

namespace msrnn {
namespace {

constexpr std::uint32_t kVersion = 3;

std::uint32_t type_number(DType type) {
  return std::ranges::find(kGgufTensorTypes, std::optional(type), &GgufTensorType::dtype)->number;
}

std::int64_t padding_after(std::int64_t bytes) {
  return (kGgufAlignment - bytes % kGgufAlignment) % kGgufAlignment;
}

class HeaderWriter {
 public:
  template <class T>
  void put(T value) {
    static_assert(std::is_arithmetic_v<T> || std::is_enum_v<T>);
    bytes_.resize(bytes_.size() + sizeof value);
    std::memcpy(bytes_.data() + bytes_.size() - sizeof value, &value, sizeof value);
  }

  void put_text(std::string_view text) {
    put(static_cast<std::uint64_t>(text.size()));
    const auto bytes = std::as_bytes(std::span(text));
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }

  void put_pair(const std::string& key, const Metadata::Value& value) {
    put_text(key);
    std::visit([this](const auto& v) { put_value(v); }, value);
  }

  void pad() { bytes_.resize(bytes_.size() + static_cast<std::size_t>(padding_after(std::ssize(bytes_)))); }

  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  template <class T>
  static bool fits(std::int64_t value) {
    return value >= std::numeric_limits<T>::min() && value <= std::numeric_limits<T>::max();
  }

  void put_value(bool value) {
    put(GgufValueType::boolean);
    put(static_cast<std::uint8_t>(value ? 1 : 0));
  }
  void put_value(std::int64_t value) {
    if (fits<std::uint32_t>(value)) {
      put(GgufValueType::uint32);
      put(static_cast<std::uint32_t>(value));
    } else if (fits<std::int32_t>(value)) {
      put(GgufValueType::int32);
      put(static_cast<std::int32_t>(value));
    } else {
      put(GgufValueType::int64);
      put(value);
    }
  }
  void put_value(double value) {
    put(GgufValueType::float32);
    put(static_cast<float>(value));
  }
  void put_value(const std::string& value) {
    put(GgufValueType::string);
    put_text(value);
  }
  void put_value(const std::vector<std::int64_t>& values) {
    const bool small = std::ranges::all_of(values, fits<std::int32_t>);
    put_array(small ? GgufValueType::int32 : GgufValueType::int64, values.size());
    for (const std::int64_t value : values) {
      if (small) {
        put(static_cast<std::int32_t>(value));
      } else {
        put(value);
      }
    }
  }
  void put_value(const std::vector<double>& values) {
    put_array(GgufValueType::float32, values.size());
    for (const double value : values) put(static_cast<float>(value));
  }
  void put_value(const std::vector<std::string>& values) {
    put_array(GgufValueType::string, values.size());
    for (const std::string& value : values) put_text(value);
  }
  void put_array(GgufValueType type, std::size_t count) {
    put(GgufValueType::array);
    put(type);
    put(static_cast<std::uint64_t>(count));
  }

  std::vector<std::byte> bytes_;
};

void check(const GgufTensorPlan& tensor) {
  const int block = traits(tensor.dtype).block_size;
  if (tensor.cols() % block != 0) {
    fail("tensor {}: rows of {} cannot be {}, which needs a multiple of {}", tensor.name, tensor.cols(),
         traits(tensor.dtype).name, block);
  }
}

}  // namespace

std::int64_t GgufTensorPlan::rows() const {
  std::int64_t rows = 1;
  for (std::size_t i = 0; i + 1 < shape.size(); ++i) rows *= shape[i];
  return rows;
}

GgufWriter::GgufWriter(const std::filesystem::path& target, const Metadata& metadata,
                       std::vector<GgufTensorPlan> tensors)
    : file_(target), tensors_(std::move(tensors)) {
  HeaderWriter header;
  for (const char c : kGgufMagic) header.put(c);
  header.put(kVersion);
  header.put(static_cast<std::uint64_t>(tensors_.size()));
  header.put(static_cast<std::uint64_t>(metadata.values().size()));
  for (const auto& [key, value] : metadata.values()) header.put_pair(key, value);
  std::int64_t offset = 0;
  for (const GgufTensorPlan& tensor : tensors_) {
    check(tensor);
    header.put_text(tensor.name);
    header.put(static_cast<std::uint32_t>(tensor.shape.size()));
    for (auto size = tensor.shape.rbegin(); size != tensor.shape.rend(); ++size) header.put(*size);
    header.put(type_number(tensor.dtype));
    header.put(offset);
    offset += tensor.bytes() + padding_after(tensor.bytes());
  }
  header.pad();
  file_.write(header.bytes());
  if (!tensors_.empty()) remaining_ = tensors_.front().bytes();
}

void GgufWriter::write(std::span<const std::byte> bytes) {
  if (tensor_ >= tensors_.size() || std::ssize(bytes) > remaining_) {
    fail("more data than the tensors take that were announced");
  }
  file_.write(bytes);
  remaining_ -= std::ssize(bytes);
  if (remaining_ > 0) return;
  constexpr std::byte kPadding[kGgufAlignment] = {};
  file_.write(std::span(kPadding, static_cast<std::size_t>(padding_after(tensors_[tensor_].bytes()))));
  ++tensor_;
  if (tensor_ < tensors_.size()) remaining_ = tensors_[tensor_].bytes();
}

void GgufWriter::commit() {
  if (tensor_ != tensors_.size()) fail("the data of tensor {} is missing", tensors_[tensor_].name);
  file_.commit();
}

bool write_gguf(const std::filesystem::path& target, const Metadata& metadata,
                const std::vector<GgufTensorPlan>& tensors, const RowFiller& fill, ThreadPool& threads,
                const WriteOptions& options) {
  constexpr std::int64_t kPieceNumbers = 1 << 22;
  GgufWriter out(target, metadata, tensors);
  std::int64_t done = 0, total = 0;
  for (const GgufTensorPlan& tensor : tensors) total += tensor.bytes();
  Buffer stored;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const GgufTensorPlan& tensor = tensors[i];
    const std::int64_t row_bytes = stored_bytes(tensor.dtype, tensor.cols());
    const std::int64_t piece = std::clamp(kPieceNumbers / tensor.cols(), std::int64_t{1}, tensor.rows());
    stored.require(static_cast<std::size_t>(piece * row_bytes));
    for (std::int64_t first = 0; first < tensor.rows(); first += piece) {
      if (options.stop != nullptr && *options.stop) return false;
      const std::int64_t n_rows = std::min(piece, tensor.rows() - first);
      std::atomic<bool> possible = true;
      threads.for_each(n_rows, [&](std::int64_t r, int worker) {
        if (!fill(i, first + r, worker, stored.data() + r * row_bytes)) possible = false;
      });
      if (!possible) {
        fail("tensor {}: it has numbers that are not finite, or too large for {}", tensor.name,
             traits(tensor.dtype).name);
      }
      out.write({stored.data(), static_cast<std::size_t>(n_rows * row_bytes)});
      done += n_rows * row_bytes;
      if (options.progress) options.progress(done, total);
    }
  }
  out.commit();
  return true;
}

}  // namespace msrnn
