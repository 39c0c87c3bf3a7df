// Predictions and what was expected, from files of any origin.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace msrnn {

struct Prediction {
  std::string id;
  std::string text;
  std::vector<std::string> references;  // at least one
  std::int32_t group = 0;               // those of one document have the same
};

// Files by their names:
//   .jsonl  a row has "prediction", or of references "answers" (a list) or "answer"; its "id" (else the
//           line's number) says what belongs together, and more rows of references with one id add up. Rows
//           of references with one "doc_id" are of one document; without it each is of its own.
//   .json   one object, from id to text, or of references to text or list.
//   other   one text a line; the line's number is its id.
// In the order of the predictions. Throws Error, naming file and line, where something is missing, is there
// twice, has no counterpart in the other file, or is not UTF-8.
std::vector<Prediction> read_predictions(const std::filesystem::path& predictions,
                                         const std::filesystem::path& references);

}  // namespace msrnn
