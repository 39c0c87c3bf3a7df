#include "html.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <openssl/evp.h>
#include <stdexcept>

#include <fmt/format.h>

#include "base/fail.h"

namespace msrnn {

std::string html_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '\t':
      case '\n':
        out += c;
        break;
      default: {
        const auto byte = static_cast<unsigned char>(c);
        out += byte < 0x20 || byte == 0x7F ? std::string("\uFFFD") : std::string(1, c);
      }
    }
  }
  return out;
}

std::string html_json(const nlohmann::ordered_json& json) {
  const std::string text = json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  std::string out;
  for (const char c : text) {
    // Outside of strings JSON has none of these.
    if (c == '<' || c == '>' || c == '&') {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out;
}

std::string data_uri(std::string_view type, std::string_view content) {
  std::string out = fmt::format("data:{};charset=utf-8,", type);
  for (const char c : content) {
    const auto byte = static_cast<unsigned char>(c);
    const bool letter =
        (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
    if (letter || std::string_view("-._~").find(c) != std::string_view::npos) {
      out += c;
    } else {
      fmt::format_to(std::back_inserter(out), "%{:02X}", byte);
    }
  }
  return out;
}

std::string script_hash(std::string_view script) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_Digest(script.data(), script.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) {
    fail("libcrypto has no SHA-256");
  }
  std::array<unsigned char, 2 * EVP_MAX_MD_SIZE> base64{};
  const int length = EVP_EncodeBlock(base64.data(), digest.data(), static_cast<int>(size));
  return fmt::format("'sha256-{}'",
                     std::string(base64.begin(), base64.begin() + static_cast<std::ptrdiff_t>(length)));
}

std::string fill(std::string_view page, const std::vector<std::pair<std::string_view, std::string>>& values) {
  std::string out;
  for (std::size_t begin; (begin = page.find("{{")) != std::string_view::npos;) {
    const std::size_t end = page.find("}}", begin);
    if (end == std::string_view::npos) break;
    const std::string_view name = page.substr(begin + 2, end - begin - 2);
    const auto value = std::ranges::find(values, name, [](const auto& pair) { return pair.first; });
    if (value == values.end()) throw std::out_of_range("no value for " + std::string(name));
    out += page.substr(0, begin);
    out += value->second;
    page.remove_prefix(end + 2);
  }
  return out + std::string(page);
}

}  // namespace msrnn
