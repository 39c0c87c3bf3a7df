// Files of JSON lines.
#pragma once

#include <filesystem>
#include <functional>
#include <string_view>

#include "formats/json_text.h"

namespace msrnn {

// Calls row(object) for each line that is not blank; the object's source, for errors, names file and line.
// Throws Error for a file that cannot be read and a line that is no JSON object or not UTF-8.
void for_each_row(const std::filesystem::path& path, const std::function<void(const JsonObject&)>& row);

// line(text, number) for each line, without its end; numbers count from 1.
void for_each_line(const std::filesystem::path& path,
                   const std::function<void(std::string_view, std::int64_t)>& line);

}  // namespace msrnn
