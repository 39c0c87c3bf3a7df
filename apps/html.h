// Pieces of an HTML page.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace msrnn {

// As text or as the value of an attribute in double quotes. Control characters, which HTML has no place for,
// become U+FFFD, but for tabs and ends of lines.
std::string html_text(std::string_view text);

// JSON as the content of a <script>: nothing in it ends the element.
std::string html_json(const nlohmann::ordered_json& json);

// A data: URI with that content.
std::string data_uri(std::string_view type, std::string_view content);

// What a content security policy calls an inline script of that text: 'sha256-…'.
std::string script_hash(std::string_view script);

// The template with each {{name}} replaced. What is put in is not looked at again. Throws std::out_of_range
// for a name that has no value.
std::string fill(std::string_view page, const std::vector<std::pair<std::string_view, std::string>>& values);

}  // namespace msrnn
