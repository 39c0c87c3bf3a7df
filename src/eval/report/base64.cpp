#include "eval/report/base64.h"

namespace msrnn::reporting {

std::string base64_of_steps(std::span<const std::int32_t> steps) {
  constexpr const char* kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  for (const std::int32_t step : steps) {
    bytes += static_cast<char>(static_cast<std::uint32_t>(step) & 0xFF);
    bytes += static_cast<char>(static_cast<std::uint32_t>(step) >> 8 & 0xFF);
  }
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t three = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      three = three << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0u);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      text += i + j > bytes.size() ? '=' : kLetters[three >> (18 - 6 * j) & 63];
    }
  }
  return text;
}

}  // namespace msrnn::reporting
