#include "model/golden_model.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include <nlohmann/json.hpp>

#include "base/half.h"
#include "formats/safetensors_builder.h"

namespace msrnn::testing {
namespace {

namespace fs = std::filesystem;

// splitmix64 from the name's FNV-1a hash on: numbers in [−1, 1).
class Numbers {
 public:
  explicit Numbers(std::string_view name) {
    for (const char c : name) state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  }
  float next() {
    state_ += 0x9e3779b97f4a7c15u;
    std::uint64_t x = state_;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return static_cast<float>((x ^ x >> 31) >> 40) * 0x1p-23f - 1;
  }

 private:
  std::uint64_t state_ = 0xcbf29ce484222325u;
};

template <class T>
void append(const T& value, std::string& bytes) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// One line of tensors.txt; its numbers are added to the data, and its entry to the header.
void add_tensor(const std::string& line, nlohmann::json& header, std::string& data) {
  std::istringstream in(line);
  std::string name, type;
  float offset = 0, gain = 0;
  in >> name >> type >> offset >> gain;
  std::vector<std::int64_t> shape;
  std::int64_t n = 1;
  for (std::int64_t size = 0; in >> size; n *= size) shape.push_back(size);
  const std::size_t begin = data.size();
  Numbers numbers(name);
  for (std::int64_t i = 0; i < n; ++i) {
    const float number = offset + gain * numbers.next();
    type == "BF16" ? append(to_bfloat16(number), data) : append(number, data);
  }
  header[name] = {{"dtype", type}, {"shape", shape}, {"data_offsets", {begin, data.size()}}};
}

}  // namespace

fs::path golden_model_folder(const std::string& name) { return fs::path(MODEL_GOLDEN) / name; }

std::vector<std::string> golden_models() {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(MODEL_GOLDEN)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

fs::path write_golden_model(const std::string& name, const TemporaryFolder& folder) {
  const fs::path golden = golden_model_folder(name);
  nlohmann::json header;
  std::string data, line;
  std::ifstream tensors(golden / "tensors.txt");
  while (std::getline(tensors, line)) add_tensor(line, header, data);
  folder.write("config.json", TemporaryFolder::read(golden / "config.json"));
  folder.write("model.safetensors", safetensors_file(header.dump(), 0) + data);
  return folder.path();
}

}  // namespace msrnn::testing
