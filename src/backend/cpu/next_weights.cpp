#include "backend/cpu/next_weights.h"

#include <algorithm>

#include "backend/cpu/matmul.h"

namespace msrnn::cpu {
namespace {

// Of a thread's share: so much of a second-level cache is free, and fetched within the longest wait.
constexpr std::int64_t kFetchedBytes = 128 << 10;
constexpr std::int64_t kLine = 64, kLinesOfStep = 16;

}  // namespace

void NextWeights::start(std::initializer_list<Stream> streams) {
  Product& started = product(streams);
  if (last_ != nullptr) last_->next = &started;
  last_ = &started;
  expected_ = started.next;
}

NextWeights::Product& NextWeights::product(std::initializer_list<Stream> streams) {
  const auto [at, is_new] = products_.try_emplace((*streams.begin()->begin())->groups(0, 1).first);
  if (is_new) {
    at->second.of_thread.resize(cursors_.size());
    for (const Stream& stream : streams) {
      add_pieces(stream, kFetchedBytes / static_cast<std::int64_t>(streams.size()), at->second.of_thread);
    }
  }
  return at->second;
}

void NextWeights::add_pieces(Stream stream, std::int64_t n_bytes,
                             std::vector<std::vector<Piece>>& of_thread) {
  std::int64_t total = 0;
  for (const PackedWeight* weight : stream) total += n_units(*weight);
  const auto threads = static_cast<int>(of_thread.size());
  const WorkSplit split(total, 1, threads);
  for (int thread = 0; thread < threads; ++thread) {
    const Part tasks = even_part(split.n_tasks(), threads, thread);
    if (tasks.begin == tasks.end) continue;
    const std::int64_t first_unit = split.part(tasks.begin).first_unit;
    const std::int64_t end_unit = split.part(tasks.end - 1).end_unit;
    std::int64_t at = 0, left = n_bytes;  // at: the weight's units
    for (const PackedWeight* weight : stream) {
      const auto [begin, end] = groups_in_units(*weight, at, first_unit, end_unit);
      if (begin < end && left > 0) {
        const WeightGroups groups = weight->groups(begin, static_cast<int>(end - begin));
        const std::int64_t fetched = std::min(left, groups.n_groups * groups.bytes);
        of_thread[static_cast<std::size_t>(thread)].push_back({groups.first, groups.first + fetched});
        left -= fetched;
      }
      at += n_units(*weight);
    }
  }
}

void NextWeights::begin(int worker) {
  Cursor& cursor = cursors_[static_cast<std::size_t>(worker)];
  if (cursor.product == expected_) return;
  cursor = {expected_, 0, nullptr};
}

void NextWeights::step(int worker) {
  Cursor& cursor = cursors_[static_cast<std::size_t>(worker)];
  if (cursor.product == nullptr) return;
  const std::vector<Piece>& pieces = cursor.product->of_thread[static_cast<std::size_t>(worker)];
  for (std::int64_t line = 0; line < kLinesOfStep && cursor.piece < pieces.size(); ++line) {
    const Piece& piece = pieces[cursor.piece];
    if (cursor.at == nullptr) cursor.at = piece.first;
    __builtin_prefetch(cursor.at, 0, 2);
    cursor.at += kLine;
    if (cursor.at >= piece.end) {
      cursor.at = nullptr;
      ++cursor.piece;
    }
  }
}

}  // namespace msrnn::cpu
