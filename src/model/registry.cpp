#include "base/fail.h"
#include "model/architecture.h"

namespace msrnn {

const Architecture& find_architecture(std::string_view name) {
  static const Architecture* const architectures[] = {&kLlama, &kQwen2, &kQwen3, &kGemma2, &kGemma3, &kPhi3};
  std::string names;
  for (const Architecture* architecture : architectures) {
    if (architecture->name == name) return *architecture;
    names += (names.empty() ? "" : ", ") + std::string(architecture->name);
  }
  fail("the model is of architecture '{}'; msrnn runs: {}", name, names);
}

}  // namespace msrnn
