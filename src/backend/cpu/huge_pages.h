#pragma once

#include "tensor/tensor.h"

namespace msrnn::cpu {

// Asks for huge pages where the memory, not yet touched, spans some: streaming through many small ones waits
// for translations. Without them the result is the same, so a refusal does not matter.
void prefer_huge_pages(const Buffer& memory);

}  // namespace msrnn::cpu
