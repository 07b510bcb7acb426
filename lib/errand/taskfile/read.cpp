// SPDX-License-Identifier: Apache-2.0
#include "errand/taskfile/read.h"

#include <algorithm>
#include <utility>

#include "errand/taskfile/check/empty_groups.h"
#include "errand/taskfile/check/needs.h"
#include "errand/taskfile/fields/keys.h"
#include "errand/taskfile/interpret.h"
#include "errand/taskfile/mask_texts.h"
#include "errand/taskfile/syntax/check_document.h"
#include "errand/taskfile/syntax/document.h"
#include "errand/taskfile/syntax/json_reader.h"
#include "errand/taskfile/syntax/problem_list.h"
#include "errand/taskfile/syntax/source.h"
#include "errand/taskfile/syntax/yaml_reader.h"

namespace errand {

using namespace task_file;

namespace {

constexpr std::string_view kBlank = " \t\r\n";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool is_blank(std::string_view text) { return text.find_first_not_of(kBlank) == text.npos; }

// Without a byte order mark and what is blank in front.
std::string_view from_first_character(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  return text.substr(std::min(text.find_first_not_of(kBlank), text.size()));
}

bool ends_with(std::string_view name, std::string_view ending) {
  if (name.size() < ending.size()) return false;
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(name.substr(name.size() - ending.size()), ending, {}, lower);
}

std::optional<Problems> find_unreadable(std::string_view text, std::uint32_t line, Format format) {
  if (text.size() > kSourceBytesMax) return Problems{{{}, "the file is larger than 4 GiB"}};
  const auto fault = find_invalid_byte(text, format);
  if (!fault) return {};
  return Problems{{Source(text, line).position(fault->offset), fault->what}};
}

bool read_either(const Source& source, Document& document, ProblemList& problems) {
  ProblemList ignored(source);
  if (read_json(source, document, ignored)) return true;
  document.reset(source.text());
  const bool is_yaml =
      !find_invalid_byte(source.text(), Format::yaml) && read_yaml(source, document, ignored);
  document.reset(source.text());
  return (is_yaml ? read_yaml : read_json)(source, document, problems);
}

bool read_document(const Source& source, Format format, Document& document, ProblemList& problems) {
  constexpr const char* empty = "the file is empty; write the tasks below \"tasks:\"";
  if (is_blank(source.text())) {
    problems.add(0, empty);
    return false;
  }
  const auto read = format == Format::json   ? read_json
                    : format == Format::yaml ? read_yaml
                                             : read_either;
  if (!read(source, document, problems)) return false;
  if (document.empty() || document.root().kind == NodeKind::null) {
    problems.add(0, empty);
    return false;
  }
  check_document(document, problems);
  return true;
}

// Is this object, with nothing behind it, a task rather than a plan?
bool is_task_map(const Node& root, const Source& source) {
  ProblemList ignored(source);
  const KeySet keys = read_keys(root, ignored);
  return (keys[Key::run] || keys[Key::cmds]) && !keys[Key::tasks];
}

// Does it end as it begins? The first bytes of a plan are seldom worth being read twice.
bool may_be_whole(std::string_view line) {
  const std::size_t last = line.find_last_not_of(" \t\r");
  const char end = line.front() == '{' ? '}' : line.front() == '[' ? ']' : '"';
  return last != std::string_view::npos && line[last] == end;
}

}  // namespace

Format detect_format(std::string_view file_name, std::string_view text) {
  if (ends_with(file_name, ".json")) return Format::json;
  if (ends_with(file_name, ".yaml") || ends_with(file_name, ".yml")) return Format::yaml;
  text = from_first_character(text);
  return text.starts_with('{') || text.starts_with('[') ? Format::either : Format::yaml;
}

bool looks_like_json_lines(std::string_view first_bytes) {
  const std::string_view text = from_first_character(first_bytes);
  const std::string_view line = text.substr(0, text.find('\n'));
  if (line.empty() || std::string_view("{[\"").find(line.front()) == std::string_view::npos) {
    return false;
  }
  if (!may_be_whole(line)) return false;
  if (find_unreadable(line, 1, Format::json)) return false;
  const Source source(line);
  ProblemList problems(source);
  Document document(source.text());
  if (!read_json(source, document, problems)) return false;
  if (!is_blank(text.substr(line.size()))) return true;
  const Node& root = document.root();
  return root.kind == NodeKind::text || (root.kind == NodeKind::map && is_task_map(root, source));
}

std::expected<Plan, Problems> read_plan(std::string_view text, Format format,
                                        const ReadOptions& options) {
  if (auto unreadable = find_unreadable(text, 1, format)) return std::unexpected(*unreadable);
  const Source source(text);
  ProblemList problems(source);
  Document document(source.text());
  if (!read_document(source, format, document, problems)) return std::unexpected(problems.take());
  Draft draft = interpret_plan(document, source, options, problems);
  // Other problems are reported first: they may be why there is no task.
  if (problems.empty()) report_empty_groups(draft, problems);
  resolve_needs(draft, problems);
  if (!problems.empty()) return std::unexpected(masked(problems.take(), *options.masker));
  mask_texts(draft, options.masker);
  std::uint32_t number = 0;
  for (Task& task : draft.tasks) {
    if (!task.is_group) task.number = ++number;
  }
  std::vector<PlanNote> notes;
  for (SecretNote& note : draft.notes) {
    notes.push_back({source.position(note.offset), options.masker->mask_quoting(note.text)});
  }
  return Plan(std::move(draft.tasks), std::move(draft.limits), std::move(notes));
}

struct TaskLineReader::State {
  explicit State(const ReadOptions& options) : inherited(options) {}
  Inherited inherited;
  Document document{""};
};

TaskLineReader::TaskLineReader(const ReadOptions& options)
    : state_(std::make_unique<State>(options)) {}
TaskLineReader::TaskLineReader(TaskLineReader&&) noexcept = default;
TaskLineReader& TaskLineReader::operator=(TaskLineReader&&) noexcept = default;
TaskLineReader::~TaskLineReader() = default;

std::expected<Task, Problems> TaskLineReader::read(std::string_view line_text, std::uint32_t line) {
  if (auto unreadable = find_unreadable(line_text, line, Format::json)) {
    return std::unexpected(*unreadable);
  }
  const Source source(line_text, line);
  ProblemList problems(source);
  Document& document = state_->document;
  document.reset(source.text());
  if (!read_json(source, document, problems)) return std::unexpected(problems.take());
  check_document(document, problems);
  Task task = interpret_task(document, source, state_->inherited, problems);
  const std::shared_ptr<const Masker> masker = state_->inherited.masker;
  if (!problems.empty()) return std::unexpected(masked(problems.take(), *masker));
  mask_texts(task, masker);
  return task;
}

std::expected<Task, Problems> read_task_line(std::string_view line_text, std::uint32_t line,
                                             const ReadOptions& options) {
  return TaskLineReader(options).read(line_text, line);
}

}  // namespace errand
