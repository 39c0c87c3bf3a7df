#include "eval/json_rows.h"

#include "base/mapped_file.h"

namespace msrnn {

void for_each_line(const std::filesystem::path& path,
                   const std::function<void(std::string_view, std::int64_t)>& line) {
  const MappedFile file(path);
  std::string_view rest(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  for (std::int64_t number = 1; !rest.empty(); ++number) {
    const std::size_t end = rest.find('\n');
    std::string_view text = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (text.ends_with('\r')) text.remove_suffix(1);
    line(text, number);
  }
}

void for_each_row(const std::filesystem::path& path, const std::function<void(const JsonObject&)>& row) {
  for_each_line(path, [&](std::string_view text, std::int64_t number) {
    if (text.find_first_not_of(" \t") == std::string_view::npos) return;
    const std::string source = fmt::format("{}: line {}", path.string(), number);
    const nlohmann::json object = parse_json_object(text, source);
    row(JsonObject(object, source));
  });
}

}  // namespace msrnn
