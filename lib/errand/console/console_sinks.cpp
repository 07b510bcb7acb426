// SPDX-License-Identifier: Apache-2.0
//
// The Console's sinks: where one attempt's output goes in each mode.
#include <algorithm>
#include <array>
#include <utility>

#include "errand/console/console.h"

namespace errand {

// Waits for the readers of all descriptors: a slow one slows the tasks down.
class Console::Sink : public OutputSink {
 public:
  explicit Sink(Console& console) : console_(console) {}
  bool behind() const override { return readers_behind(); }
  awaitable<void> caught_up(Context context) override {
    return readers_caught_up(std::move(context));
  }

 protected:
  bool readers_behind() const {
    return std::any_of(console_.awaited_.begin(), console_.awaited_.end(),
                       [](const Writer* writer) { return writer->behind(); });
  }
  awaitable<void> readers_caught_up(Context context) {
    while (readers_behind() && !context.done()) {
      for (Writer* const writer : console_.awaited_) co_await writer->caught_up(context);
    }
  }
  Console& console_;
};

class Console::NullSink final : public Sink {
 public:
  using Sink::Sink;
  Error write(StdStream, std::string_view) override { return {}; }
};

// What has to be seen on its way out, for secrets or a ready text in it.
class Console::RawSink final : public Sink {
 public:
  using Sink::Sink;
  Error write(StdStream stream, std::string_view bytes) override {
    console_.writer(stream).write(bytes);
    return {};
  }
};

// ---- live

class Console::LiveSink final : public Sink {
 public:
  LiveSink(Console& console, const Task& task)
      : Sink(console),
        label_(console.label(task)),
        open_lines_{SpillBuffer(console.space_), SpillBuffer(console.space_)} {}
  ~LiveSink() override {
    for (const StdStream stream : {StdStream::out, StdStream::err}) {
      if (!open_line(stream).empty()) write_lines(stream, "\n");
    }
  }

  Error write(StdStream stream, std::string_view bytes) override {
    const auto newline = bytes.rfind('\n');
    if (newline == bytes.npos) {
      Error error = open_line(stream).append(bytes);
      // A line that there is no room for ends early.
      if (console_.space_.is_full() && open_line(stream).size() >= SpillSpace::kPartBytes)
        write_lines(stream, "\n");
      return error;
    }
    write_lines(stream, bytes.substr(0, newline + 1));
    return open_line(stream).append(bytes.substr(newline + 1));
  }

 private:
  SpillBuffer& open_line(StdStream stream) { return open_lines_[stream == StdStream::out ? 0 : 1]; }

  // `bytes` ends the open line and ends with a newline.
  void write_lines(StdStream stream, std::string_view bytes) {
    Writer& writer = console_.writer(stream);
    if (console_.options_.mode != OutputMode::live) writer.begin_line();
    SpillBuffer& begun = open_line(stream);
    std::string& text = console_.lines_;
    text = label_;
    if (begun.size() == begun.in_memory().size()) {
      text += begun.in_memory();
    } else {
      writer.write(text);
      writer.write(std::exchange(begun, SpillBuffer(console_.space_)));
      text.clear();
    }
    begun.clear();
    while (true) {
      const auto newline = bytes.find('\n');
      text += bytes.substr(0, newline + 1);
      bytes.remove_prefix(newline + 1);
      if (bytes.empty()) break;
      text += label_;
    }
    writer.write(text);
  }

  const std::string label_;
  std::array<SpillBuffer, 2> open_lines_;
};

// ---- blocks

// What becomes of a block that finds no room.
class Console::BlockRoom final : public RoomQueue::Member {
 public:
  BlockRoom(Console& console, const Task& task, Block& block)
      : Member(console.room_), mode_(console.options_.mode), task_(task), block_(block) {}

 private:
  bool keeps_output() const override {
    return !block_.streams && !block_.is_live && !block_.is_cut;
  }
  std::uint64_t held_bytes() const override { return block_.held_bytes(); }
  // In order, any end brings the turn of the others nearer.
  bool may_free_room() const override {
    if (task_.policy->service) return false;
    return mode_ == OutputMode::ordered || held_bytes() >= SpillSpace::kPartBytes;
  }
  void give_way() override {
    if (mode_ == OutputMode::errors) {
      block_.cut_short();
    } else {
      block_.is_live = true;  // its sink shows it
    }
  }

  const OutputMode mode_;
  const Task& task_;
  Block& block_;
};

class Console::BlockSink final : public Sink {
 public:
  BlockSink(Console& console, const Task& task, std::shared_ptr<Block> block)
      : Sink(console),
        task_(task),
        block_(std::move(block)),
        output_(block_->attempts.emplace_back(console.space_)) {
    if (block_->is_live) live_ = std::make_unique<LiveSink>(console, task);
    if (block_->is_cut) block_->cut_short();
  }

  Error write(StdStream stream, std::string_view bytes) override {
    Block::Part& part = output_[stream];
    if (live_) {
      part.begun = true;
      return live_->write(stream, bytes);
    }
    if (!block_->streams) return part.append(bytes);
    console_.stream(part, stream, bytes);
    return {};
  }
  bool behind() const override {
    return readers_behind() || block_->room->needs_room() || is_to_show_live();
  }
  awaitable<void> caught_up(Context context) override {
    while (behind() && !context.done()) {
      co_await readers_caught_up(context);
      if (block_->room->needs_room()) co_await console_.room_.wait(*block_->room, context);
      if (is_to_show_live()) co_await show_live(context);
    }
  }

 private:
  bool is_to_show_live() const { return block_->is_live && !live_; }
  // Piece by piece, so that a slow reader does not bring all of it into memory.
  awaitable<void> show_live(Context context) {
    auto live = std::make_unique<LiveSink>(console_, task_);
    std::vector<char> piece(SpillSpace::kPartBytes);
    for (Block::Output& output : block_->attempts) {
      for (const StdStream stream : {StdStream::out, StdStream::err}) {
        Block::Part& part = output[stream];
        for (std::uint64_t at = 0; at < part.buffer.size();) {
          const Result<std::size_t> size = part.buffer.read(at, piece);
          if (!size || *size == 0) break;
          (void)live->write(stream, std::string_view(piece.data(), *size));
          at += *size;
          co_await readers_caught_up(context);
        }
        part.begun = part.begun || !part.buffer.empty();
        part.buffer.clear();
      }
    }
    live_ = std::move(live);
    console_.room_.check();
  }

  const Task& task_;
  std::shared_ptr<Block> block_;
  Block::Output& output_;
  std::unique_ptr<LiveSink> live_;
};

// ---- held

// Keeps what is written until it is known whether it counts.
class Console::HeldBlockSink final : public HeldSink, RoomQueue::Member {
 public:
  HeldBlockSink(Console& console, const Task& task, int attempt)
      : Member(console.room_), console_(console), task_(task), attempt_(attempt) {}
  ~HeldBlockSink() override {
    for (Block::Part& part : held_.parts) part.buffer.clear();
    console_.room_.check();
  }

  Error write(StdStream stream, std::string_view bytes) override {
    return shown_ ? shown_->write(stream, bytes) : held_[stream].append(bytes);
  }
  bool behind() const override { return shown_ ? shown_->behind() : needs_room(); }
  awaitable<void> caught_up(Context context) override {
    if (needs_room()) co_await console_.room_.wait(*this, context);
    if (shown_) co_await shown_->caught_up(std::move(context));
  }
  Error keep() override {
    if (shown_) return {};
    shown_ = console_.open(task_, attempt_);
    for (const StdStream stream : {StdStream::out, StdStream::err}) {
      held_[stream].finish_cut();
      if (Error error = show(stream, held_[stream].buffer)) return error;
    }
    console_.room_.check();
    return {};
  }

 private:
  bool keeps_output() const override { return !shown_ && !is_cut_; }
  std::uint64_t held_bytes() const override {
    return held_.parts[0].buffer.size() + held_.parts[1].buffer.size();
  }
  bool may_free_room() const override { return held_bytes() >= SpillSpace::kPartBytes; }
  // It cannot be shown before it is known whether it counts.
  void give_way() override {
    is_cut_ = true;
    for (Block::Part& part : held_.parts) part.cut_short();
  }
  Error show(StdStream stream, SpillBuffer& from) {
    std::vector<char> part(std::size_t{64} * 1024);
    for (std::uint64_t at = 0; at < from.size();) {
      const Result<std::size_t> size = from.read(at, part);
      if (!size) return size.error();
      if (Error error = shown_->write(stream, std::string_view(part.data(), *size))) return error;
      at += *size;
    }
    from.clear();
    return {};
  }

  Console& console_;
  const Task& task_;
  const int attempt_;
  Block::Output held_{console_.space_};
  bool is_cut_ = false;
  std::unique_ptr<OutputSink> shown_;
};

// ---- opening

std::unique_ptr<OutputSink> Console::open(const Task& task, int) {
  switch (options_.mode) {
    case OutputMode::live:
      return std::make_unique<LiveSink>(*this, task);
    case OutputMode::group:
    case OutputMode::ordered:
    case OutputMode::errors: {
      std::shared_ptr<Block>& block = blocks_[task.id];
      if (!block) {
        block = std::make_shared<Block>();
        block->room = std::make_unique<BlockRoom>(*this, task, *block);
      }
      if (order_.is_next(task.id)) stream(*block);
      return std::make_unique<BlockSink>(*this, task, block);
    }
    case OutputMode::raw:
      return std::make_unique<RawSink>(*this);
    case OutputMode::quiet:
      break;
  }
  return std::make_unique<NullSink>(*this);
}

std::unique_ptr<HeldSink> Console::hold(const Task& task, int attempt) {
  return std::make_unique<HeldBlockSink>(*this, task, attempt);
}

}  // namespace errand
