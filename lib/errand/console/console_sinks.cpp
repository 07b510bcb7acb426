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
  bool behind() const override {
    return std::any_of(console_.awaited_.begin(), console_.awaited_.end(),
                       [](const Writer* writer) { return writer->behind(); });
  }
  awaitable<void> caught_up(Context context) override {
    while (behind() && !context.done()) {
      for (Writer* const writer : console_.awaited_) co_await writer->caught_up(context);
    }
  }

 protected:
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
    if (newline == bytes.npos) return open_line(stream).append(bytes);
    write_lines(stream, bytes.substr(0, newline + 1));
    return open_line(stream).append(bytes.substr(newline + 1));
  }

 private:
  SpillBuffer& open_line(StdStream stream) { return open_lines_[stream == StdStream::out ? 0 : 1]; }

  // `bytes` ends the open line and ends with a newline.
  void write_lines(StdStream stream, std::string_view bytes) {
    Writer& writer = console_.writer(stream);
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

class Console::BlockSink final : public Sink {
 public:
  BlockSink(Console& console, std::shared_ptr<Block> block)
      : Sink(console),
        block_(std::move(block)),
        output_(block_->attempts.emplace_back(console.space_)) {}
  Error write(StdStream stream, std::string_view bytes) override {
    Block::Part& part = output_[stream];
    if (!block_->streams) return part.buffer.append(bytes);
    console_.stream(part, stream, bytes);
    return {};
  }

 private:
  std::shared_ptr<Block> block_;
  Block::Output& output_;
};

// ---- held

// Keeps what is written until it is known whether it counts.
class Console::HeldBlockSink final : public HeldSink {
 public:
  HeldBlockSink(Console& console, const Task& task, int attempt)
      : console_(console),
        task_(task),
        attempt_(attempt),
        held_{SpillBuffer(console.space_), SpillBuffer(console.space_)} {}

  Error write(StdStream stream, std::string_view bytes) override {
    if (shown_) return shown_->write(stream, bytes);
    return held_[stream == StdStream::out ? 0 : 1].append(bytes);
  }
  bool behind() const override { return shown_ && shown_->behind(); }
  awaitable<void> caught_up(Context context) override {
    if (shown_) co_await shown_->caught_up(std::move(context));
  }
  Error keep() override {
    if (shown_) return {};
    shown_ = console_.open(task_, attempt_);
    if (Error error = show(StdStream::out, held_[0])) return error;
    return show(StdStream::err, held_[1]);
  }

 private:
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
  std::array<SpillBuffer, 2> held_;
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
      if (!block) block = std::make_shared<Block>();
      if (order_.is_next(task.id)) stream(*block);
      return std::make_unique<BlockSink>(*this, block);
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
