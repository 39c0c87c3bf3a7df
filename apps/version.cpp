#include "version.h"

namespace msrnn {

std::string_view version() { return MSRNN_VERSION; }

}  // namespace msrnn
