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
  std::int64_t n_units = 0;
  for (const PackedWeight* weight : stream) n_units += parts(weight->n_groups(), kUnitGroups);
  const auto threads = static_cast<int>(of_thread.size());
  const WorkSplit split(n_units, 1, threads);
  for (int thread = 0; thread < threads; ++thread) {
    const Part tasks = even_part(split.n_tasks(), threads, thread);
    if (tasks.begin == tasks.end) continue;
    const std::int64_t begin = split.part(tasks.begin).first_unit * kUnitGroups;
    const std::int64_t end = split.part(tasks.end - 1).end_unit * kUnitGroups;
    std::int64_t first = 0, left = n_bytes;  // first: of the stream's groups
    for (const PackedWeight* weight : stream) {
      const std::int64_t from = std::max(begin, first), to = std::min(end, first + weight->n_groups());
      if (from < to && left > 0) {
        const WeightGroups groups = weight->groups(from - first, static_cast<int>(to - from));
        const std::int64_t fetched = std::min(left, groups.n_groups * groups.bytes);
        of_thread[static_cast<std::size_t>(thread)].push_back({groups.first, groups.first + fetched});
        left -= fetched;
      }
      first += parts(weight->n_groups(), kUnitGroups) * kUnitGroups;
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
