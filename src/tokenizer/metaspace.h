// SentencePiece's way of writing a space inside a piece: as U+2581.
#pragma once

#include <string>
#include <string_view>

namespace msrnn {

inline constexpr std::string_view kMetaspace = "\u2581";

// Every `pattern`, which is not empty, replaced.
std::string replace_all(std::string_view text, std::string_view pattern, std::string_view content);

inline std::string unescape_spaces(std::string_view piece) { return replace_all(piece, kMetaspace, " "); }

}  // namespace msrnn
