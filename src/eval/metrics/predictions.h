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
//           with one "doc_id", that of the references before that of the prediction, are of one document;
//           without it each is of its own.
//   .json   one object, from id to text, or of references to text or list.
//   other   one text a line; the line's number is its id.
// Predictions may also be results of `eval tasks`, with the documents they have there. Where these are of
// more than one task and state the key names one, "tova/512" or "qasper/tova/512"; UsageError names all there
// are. In the order of the predictions. Throws Error, naming file and line, where something is missing, is
// there twice, has no counterpart in the other file, or is not UTF-8.
std::vector<Prediction> read_predictions(const std::filesystem::path& predictions,
                                         const std::filesystem::path& references,
                                         const std::string& key = {});

}  // namespace msrnn
