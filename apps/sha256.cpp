#include "sha256.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <openssl/evp.h>

#include <fmt/format.h>

#include "base/fail.h"
#include "base/mapped_file.h"

namespace msrnn {

std::string sha256_of(const std::filesystem::path& file, const std::atomic<bool>& stop) {
  constexpr std::size_t kPiece = 16u << 20;
  const MappedFile mapped(file);
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  if (context == nullptr || EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) != 1) {
    fail("libcrypto has no SHA-256");
  }
  for (auto rest = mapped.bytes(); !rest.empty();) {
    if (stop) return "";
    const auto piece = rest.first(std::min(kPiece, rest.size()));
    EVP_DigestUpdate(context.get(), piece.data(), piece.size());
    rest = rest.subspan(piece.size());
  }
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  EVP_DigestFinal_ex(context.get(), digest, &length);
  std::string hex;
  for (unsigned int i = 0; i < length; ++i) fmt::format_to(std::back_inserter(hex), "{:02x}", digest[i]);
  return hex;
}

}  // namespace msrnn
