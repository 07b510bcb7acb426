// SPDX-License-Identifier: Apache-2.0
#include "errand/report/console.h"

#include <algorithm>
#include <array>
#include <deque>
#include <utility>

#include "errand/report/ending.h"
#include "errand/report/escape_text.h"

namespace errand {
namespace {

// Not red and not yellow: those mean failures and warnings.
constexpr std::array<std::string_view, 8> kLabelColors = {"36", "35", "34", "32",
                                                          "96", "95", "94", "92"};

}  // namespace

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
  Error write(Stream, std::string_view) override { return {}; }
};

// What has to be seen on its way out, for secrets or a ready text in it.
class Console::RawSink final : public Sink {
 public:
  using Sink::Sink;
  Error write(Stream stream, std::string_view bytes) override {
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
    for (const Stream stream : {Stream::out, Stream::err}) {
      if (!open_line(stream).empty()) write_lines(stream, "\n");
    }
  }

  Error write(Stream stream, std::string_view bytes) override {
    const auto newline = bytes.rfind('\n');
    if (newline == bytes.npos) return open_line(stream).append(bytes);
    write_lines(stream, bytes.substr(0, newline + 1));
    return open_line(stream).append(bytes.substr(newline + 1));
  }

 private:
  SpillBuffer& open_line(Stream stream) { return open_lines_[stream == Stream::out ? 0 : 1]; }

  // `bytes` ends the open line and ends with a newline.
  void write_lines(Stream stream, std::string_view bytes) {
    Writer& writer = console_.writer(stream);
    SpillBuffer& begun = open_line(stream);
    std::string& text = console_.lines_;
    text = label_;
    if (begun.size() == begun.in_memory().size()) {
      text += begun.in_memory();
    } else {
      writer.write(text);
      writer.write(std::move(begun));
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

// What the attempts of one task have written, waiting for its end.
struct Console::Block {
  struct Output {
    explicit Output(SpillSpace& space) : out(space), err(space) {}
    SpillBuffer out, err;
  };
  bool empty() const {
    return std::all_of(attempts.begin(), attempts.end(), [](const Output& output) {
      return output.out.empty() && output.err.empty();
    });
  }
  std::deque<Output> attempts;  // stay where they are while sinks hold on to them
};

class Console::BlockSink final : public Sink {
 public:
  BlockSink(Console& console, std::shared_ptr<Block> block)
      : Sink(console),
        block_(std::move(block)),
        output_(block_->attempts.emplace_back(console.space_)) {}
  Error write(Stream stream, std::string_view bytes) override {
    return (stream == Stream::out ? output_.out : output_.err).append(bytes);
  }

 private:
  std::shared_ptr<Block> block_;
  Block::Output& output_;
};

// ---- held

// Keeps what is written until it is known whether it counts.
class Console::Held final : public HeldSink {
 public:
  Held(Console& console, const Task& task, int attempt)
      : console_(console),
        task_(task),
        attempt_(attempt),
        held_{SpillBuffer(console.space_), SpillBuffer(console.space_)} {}

  Error write(Stream stream, std::string_view bytes) override {
    if (shown_) return shown_->write(stream, bytes);
    return held_[stream == Stream::out ? 0 : 1].append(bytes);
  }
  bool behind() const override { return shown_ && shown_->behind(); }
  awaitable<void> caught_up(Context context) override {
    if (shown_) co_await shown_->caught_up(std::move(context));
  }
  Error keep() override {
    if (shown_) return {};
    shown_ = console_.open(task_, attempt_);
    if (Error error = show(Stream::out, held_[0])) return error;
    return show(Stream::err, held_[1]);
  }

 private:
  Error show(Stream stream, SpillBuffer& from) {
    std::vector<char> part(64 * 1024);
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

// ---- Console

Console::Console(Writer& out, Writer& err, SpillSpace& space, ConsoleOptions options)
    : out_(out), err_(err), awaited_{&out, &err}, space_(space), options_(options) {}
Console::~Console() = default;

Capture Console::capture() const {
  if (options_.mode == OutputMode::raw) return Capture::inherit;
  // Nobody sees it in quiet mode; in one pipe the last lines for the summary have their order.
  if (options_.mode == OutputMode::quiet) return Capture::merged;
  return &out_ == &err_ ? Capture::merged : Capture::separate;
}

std::unique_ptr<OutputSink> Console::open(const Task& task, int) {
  switch (options_.mode) {
    case OutputMode::live:
      return std::make_unique<LiveSink>(*this, task);
    case OutputMode::group:
    case OutputMode::errors: {
      std::shared_ptr<Block>& block = blocks_[task.id];
      if (!block) block = std::make_shared<Block>();
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
  return std::make_unique<Held>(*this, task, attempt);
}

void Console::on(const RunEvent& event) {
  if (const auto* started = std::get_if<RunStarted>(&event.kind)) begin(*started);
  if (const auto* attempt = std::get_if<AttemptStarted>(&event.kind)) {
    if (attempt->task->policy->interactive) leave_terminal();
  }
  if (const auto* attempt = std::get_if<AttemptEnded>(&event.kind)) {
    if (attempt->task->policy->interactive) take_terminal();
  }
  if (const auto* ended = std::get_if<TaskEnded>(&event.kind)) end(*ended);
  if (const auto* notice = std::get_if<Notice>(&event.kind)) print(*notice);
}

void Console::leave_terminal() {
  for (Writer* const writer : {&out_, &err_}) {
    writer->begin_line();
    writer->hold();
  }
}

void Console::take_terminal() {
  for (Writer* const writer : {&out_, &err_}) writer->go_on();
}

void Console::begin(const RunStarted& started) {
  if (!started.plan || options_.mode != OutputMode::live) return;
  for (const Task& task : started.plan->tasks()) {
    if (!task.is_group) widen_labels(task);
  }
}

void Console::end(const TaskEnded& ended) {
  const auto found = blocks_.find(ended.task->id);
  const std::shared_ptr<Block> block = found == blocks_.end() ? nullptr : found->second;
  if (block) blocks_.erase(found);
  const bool wrote = block && !block->empty();
  if (deserves_line(ended, wrote)) own_line(ending_text(ended, options_.color_lines));
  const bool wanted = options_.mode != OutputMode::errors || ended.state != TaskState::succeeded;
  if (wrote && wanted) print(*block);
}

bool Console::deserves_line(const TaskEnded& ended, bool wrote) {
  if (options_.lines == Lines::none || options_.mode == OutputMode::quiet) return false;
  if (options_.lines == Lines::verbose) return true;
  // A group fails through its tasks, which have lines; its own timeout is news.
  if (ended.task->is_group) return ended.state == TaskState::timed_out;
  if (ended.excluded) return false;  // as the file says
  if (ended.state == TaskState::succeeded) {
    return ended.flaky || (options_.mode == OutputMode::group && wrote);
  }
  return ended.attempts > 0 || one_more_unstarted();
}

// A failure early in a large run leaves thousands of them.
bool Console::one_more_unstarted() {
  if (unstarted_lines_ > kUnstartedLinesMax) return false;
  if (unstarted_lines_++ < kUnstartedLinesMax) return true;
  own_line("more tasks never start; the summary counts them");
  return false;
}

void Console::print(Block& block) {
  for (Block::Output& output : block.attempts) {
    for (const Stream stream : {Stream::out, Stream::err}) {
      SpillBuffer& buffer = stream == Stream::out ? output.out : output.err;
      if (buffer.empty()) continue;
      writer(stream).begin_line();
      writer(stream).write(std::move(buffer));
    }
  }
}

void Console::print(const Notice& notice) {
  const bool warning = notice.level == Notice::Level::warning;
  const bool wanted = options_.lines != Lines::none && options_.mode != OutputMode::quiet;
  if (!warning && !wanted) return;
  const std::string who = notice.task ? escape_text(notice.task->full_name) : "errand";
  own_line(who + ": " + (warning ? "warning: " : "") + escape_text(notice.text));
}

void Console::own_line(std::string_view text) {
  err_.begin_line();
  err_.write(std::string(text) + "\n");
}

void Console::widen_labels(const Task& task) {
  const std::size_t columns = text_columns(escape_text(task.full_name));
  if (columns <= kLabelColumnsMax) label_columns_ = std::max(label_columns_, columns);
}

std::string Console::label(const Task& task) {
  widen_labels(task);
  const std::string name = escape_text(task.full_name);
  const std::size_t columns = text_columns(name);
  const std::string padding(label_columns_ - std::min(columns, label_columns_), ' ');
  if (!options_.color_labels) return name + padding + " | ";
  const std::string_view color = kLabelColors[task.id % kLabelColors.size()];
  return "\x1b[" + std::string(color) + "m" + name + padding + " |\x1b[0m ";
}

}  // namespace errand
