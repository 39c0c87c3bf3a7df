#include "eval/tasks/release.h"

#include <utility>

#include "base/mapped_file.h"
#include "base/utf8.h"

namespace msrnn {
namespace {

// The objects of an array, one after another; their source says which one it is.
void for_each_object(const JsonObject& parent, std::string_view key,
                     const std::function<void(const JsonObject&)>& visit) {
  const nlohmann::json* array = parent.find(key);
  if (array == nullptr || !array->is_array()) {
    parent.fail_at(key, "expected an array, found {}", array == nullptr ? "nothing" : array->type_name());
  }
  for (std::size_t i = 0; i < array->size(); ++i) {
    const std::string source = fmt::format("{}: {}[{}]", parent.source(), key, i);
    if (!(*array)[i].is_object()) fail("{}: expected an object, found {}", source, (*array)[i].type_name());
    visit(JsonObject((*array)[i], source));
  }
}

void read_plain(const JsonObject& row, const TextTask& task, const AskedSink& sink) {
  Asked asked{row.text("id"), {row.text("document")}, {}, row.texts("answers")};
  if (asked.answers.empty()) row.fail_at("answers", "expected at least one reference, found none");
  if (!task.query_header.empty()) asked.question = row.text("question");
  sink(std::move(asked), row.source());
}

void read_squality(const JsonObject& row, const AskedSink& sink) {
  const JsonObject metadata = row.object("metadata");
  for_each_object(row, "questions", [&](const JsonObject& question) {
    Asked asked{fmt::format("{}-q{}", metadata.text("passage_id"), question.integer("question_number")),
                {row.text("document")},
                question.text("question_text"),
                {}};
    for_each_object(question, "responses", [&](const JsonObject& response) {
      asked.answers.push_back(response.text("response_text"));
    });
    if (asked.answers.empty()) question.fail_at("responses", "expected at least one, found none");
    sink(std::move(asked), question.source());
  });
}

// A text by positions that count characters, as Python's do.
class CountedText {
 public:
  explicit CountedText(std::string_view text) : text_(text) {
    for (std::size_t at = 0; at < text.size(); at += decode_utf8(text.substr(at)).length)
      begins_.push_back(at);
    begins_.push_back(text.size());
  }

  // Of the characters between the positions that two members of the row name.
  std::string_view part(const JsonObject& row, std::string_view begin, std::string_view end) const {
    const std::size_t first = position(row, begin), last = position(row, end);
    if (last < first)
      row.fail_at(end, "expected at least {}, found {}", row.integer(begin), row.integer(end));
    return text_.substr(first, last - first);
  }

 private:
  std::size_t position(const JsonObject& row, std::string_view key) const {
    const std::int64_t index = row.integer(key);
    const auto last = static_cast<std::int64_t>(begins_.size()) - 1;
    if (index < 0 || index > last) {
      row.fail_at(key, "expected 0 to {}, the characters of input, found {}", last, index);
    }
    return begins_[static_cast<std::size_t>(index)];
  }

  std::string_view text_;
  std::vector<std::size_t> begins_;  // bytes
};

std::string_view stripped(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

// Without white space around it, and without the header, if it is there.
std::string below_header(std::string_view text, std::string_view header) {
  text = stripped(text);
  if (!header.empty() && text.starts_with(header)) text = stripped(text.substr(header.size()));
  return std::string(text);
}

void read_zeroscrolls(const JsonObject& row, const TextTask& task, const AskedSink& sink) {
  const CountedText input(row.text("input"));
  const std::string_view document = input.part(row, "document_start_index", "document_end_index");
  const std::string_view query = input.part(row, "query_start_index", "query_end_index");
  Asked asked{row.text("id"),
              {below_header(document, task.document_header), row.text_or("truncation_seperator", "")},
              below_header(query, task.query_header),
              {},
              true};
  if (const nlohmann::json* output = row.find("output"); output != nullptr && output->is_array()) {
    asked.answers = row.texts("output");
  } else if (output != nullptr) {
    asked.answers = {row.text("output")};
  }
  sink(std::move(asked), row.source());
}

std::string section_text(const JsonObject& section) {
  std::string text = section.text_or("section_name", "");
  for (const std::string& paragraph : section.texts("paragraphs")) {
    if (paragraph.empty()) continue;
    if (!text.empty()) text += '\n';
    text += paragraph;
  }
  return text;
}

// As QASPER's own evaluation has it.
std::string reference_of(const JsonObject& answer) {
  if (answer.boolean("unanswerable")) return "Unanswerable";
  const std::vector<std::string> spans = answer.texts("extractive_spans");
  if (!spans.empty()) return fmt::format("{}", fmt::join(spans, ", "));
  if (const std::string& text = answer.text("free_form_answer"); !text.empty()) return text;
  if (!answer.has("yes_no")) fail("{}: holds no answer", answer.source());
  return answer.boolean("yes_no") ? "Yes" : "No";
}

void read_paper(const JsonObject& paper, const AskedSink& sink) {
  std::vector<std::string> sections;
  for_each_object(paper, "full_text", [&](const JsonObject& section) {
    if (std::string text = section_text(section); !text.empty()) sections.push_back(std::move(text));
  });
  const std::string document = fmt::format("{}", fmt::join(sections, "\n\n"));
  for_each_object(paper, "qas", [&](const JsonObject& question) {
    Asked asked{question.text("question_id"), {document}, question.text("question"), {}};
    for_each_object(question, "answers", [&](const JsonObject& annotation) {
      asked.answers.push_back(reference_of(annotation.object("answer")));
    });
    if (asked.answers.empty()) question.fail_at("answers", "expected at least one, found none");
    sink(std::move(asked), question.source());
  });
}

}  // namespace

void read_release_row(const JsonObject& row, const TextTask& task, const AskedSink& sink) {
  if (row.has("input")) {
    read_zeroscrolls(row, task, sink);
  } else if (row.has("questions")) {
    read_squality(row, sink);
  } else {
    read_plain(row, task, sink);
  }
}

void read_qasper(const std::filesystem::path& path, const AskedSink& sink) {
  const MappedFile file(path);
  const std::string_view text(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  const nlohmann::json papers = parse_json_object(text, path.string());
  for (const auto& [id, paper] : papers.items()) {
    const std::string source = fmt::format("{}: paper {}", path.string(), id);
    if (!paper.is_object()) fail("{}: expected an object, found {}", source, paper.type_name());
    read_paper(JsonObject(paper, source), sink);
  }
}

}  // namespace msrnn
