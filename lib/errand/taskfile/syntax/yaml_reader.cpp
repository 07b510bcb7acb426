// SPDX-License-Identifier: Apache-2.0
#include "errand/taskfile/syntax/yaml_reader.h"

#include <yaml.h>

#include <string>
#include <unordered_map>
#include <vector>

#include "errand/base/quoted_text.h"
#include "errand/taskfile/syntax/character_cursor.h"
#include "errand/taskfile/syntax/merge_keys.h"
#include "errand/taskfile/syntax/yaml_scalar.h"

namespace errand::task_file {
namespace {

// Owns a libyaml parser over a source.
class Parser {
 public:
  explicit Parser(std::string_view text) {
    ready_ = yaml_parser_initialize(&parser_) != 0;
    if (!ready_) return;
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    yaml_parser_set_input_string(&parser_, bytes, text.size());
  }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;
  ~Parser() {
    if (ready_) yaml_parser_delete(&parser_);
  }
  bool next(yaml_event_t& event) { return ready_ && yaml_parser_parse(&parser_, &event) != 0; }
  const yaml_parser_t& state() const { return parser_; }

 private:
  yaml_parser_t parser_ = {};
  bool ready_ = false;
};

class Event {
 public:
  Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { yaml_event_delete(&event_); }
  yaml_event_t& operator*() { return event_; }

 private:
  yaml_event_t event_ = {};
};

std::string_view view(const yaml_char_t* text) {
  return text ? std::string_view(reinterpret_cast<const char*>(text)) : std::string_view();
}

std::string_view text_of(const yaml_event_t& event) {
  const auto& scalar = event.data.scalar;
  return {reinterpret_cast<const char*>(scalar.value), scalar.length};
}

constexpr std::size_t kTagDirectivesMax = 100;
constexpr std::string_view kCoreTag = "tag:yaml.org,2002:";

class YamlReader {
 public:
  YamlReader(const Source& source, Document& document, ProblemList& problems)
      : source_(source),
        document_(document),
        problems_(problems),
        parser_(source.text()),
        cursor_(source),
        expansion_left_(kAliasBytesFree + kAliasBytesPerByte * source.text().size()) {}

  bool read();

 private:
  bool check_directives();
  bool take(const yaml_event_t& event);
  bool take_document(Offset at);
  bool take_scalar(const yaml_event_t& event, Offset at);
  bool take_open(NodeKind kind, const yaml_char_t* anchor, Offset at);
  bool take_close();
  bool take_alias(std::string_view name, Offset at);
  NodeKind kind_of(const yaml_event_t& event, Offset at);
  NodeKind kind_by_tag(std::string_view tag, std::string_view text, Offset at);
  void check_collection_tag(const yaml_char_t* tag, std::string_view expected, Offset at);
  void remember(const yaml_char_t* anchor);
  bool fail(Offset at, std::string what);
  bool fail_syntax();

  const Source& source_;
  Document& document_;
  ProblemList& problems_;
  Parser parser_;
  CharacterCursor cursor_;
  std::size_t expansion_left_;
  std::size_t documents_ = 0;
  bool ended_ = false;
  std::unordered_map<std::string, std::size_t> anchors_;  // to the node's index
  std::vector<bool> merging_;  // for each open list or map: does it hold a merge key?
};

// Behind a line's end; libyaml takes some characters beyond ASCII for one as well.
bool may_begin_line(std::string_view text, std::size_t at) {
  return at == 0 || text[at - 1] == '\n' || text[at - 1] == '\r' ||
         static_cast<unsigned char>(text[at - 1]) >= 0x80;
}

// libyaml compares each %TAG with all before it, and each tag with all of them.
bool YamlReader::check_directives() {
  constexpr std::string_view directive = "%TAG";
  const std::string_view text = source_.text();
  std::size_t count = 0;
  for (std::size_t at = text.find(directive); at != text.npos; at = text.find(directive, at + 1)) {
    if (!may_begin_line(text, at) || ++count <= kTagDirectivesMax) continue;
    return fail(static_cast<Offset>(at), "more than 100 %TAG lines; a task file needs none");
  }
  return true;
}

bool YamlReader::read() {
  if (!check_directives()) return false;
  while (!ended_) {
    Event event;
    if (!parser_.next(*event)) return fail_syntax();
    if (!take(*event)) return false;
  }
  return true;
}

bool YamlReader::take(const yaml_event_t& event) {
  const Offset at = cursor_.offset_of(event.start_mark.index);
  switch (event.type) {
    case YAML_DOCUMENT_START_EVENT:
      return take_document(at);
    case YAML_SCALAR_EVENT:
      return take_scalar(event, at);
    case YAML_ALIAS_EVENT:
      return take_alias(view(event.data.alias.anchor), at);
    case YAML_SEQUENCE_START_EVENT:
      check_collection_tag(event.data.sequence_start.tag, "seq", at);
      return take_open(NodeKind::list, event.data.sequence_start.anchor, at);
    case YAML_MAPPING_START_EVENT:
      check_collection_tag(event.data.mapping_start.tag, "map", at);
      return take_open(NodeKind::map, event.data.mapping_start.anchor, at);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
      return take_close();
    case YAML_STREAM_END_EVENT:
      ended_ = true;
      return true;
    default:
      return true;
  }
}

bool YamlReader::take_document(Offset at) {
  if (documents_++ == 0) return true;
  return fail(at, "a second document starts here; one file holds one plan");
}

bool YamlReader::take_scalar(const yaml_event_t& event, Offset at) {
  const auto& scalar = event.data.scalar;
  const bool is_merge = document_.at_key() && scalar.style == YAML_PLAIN_SCALAR_STYLE &&
                        !scalar.tag && text_of(event) == "<<";
  document_.add_scalar(kind_of(event, at), at, text_of(event));
  if (is_merge) {
    document_.mark_merge();
    merging_.back() = true;
  }
  remember(scalar.anchor);
  return true;
}

bool YamlReader::take_open(NodeKind kind, const yaml_char_t* anchor, Offset at) {
  if (document_.at_key())
    return fail(at, "a key must be text, found " + std::string(describe(kind)));
  if (document_.depth() == kDepthMax) return fail(at, std::string(kTooDeep));
  document_.open(kind, at);
  merging_.push_back(false);
  remember(anchor);
  return true;
}

bool YamlReader::take_close() {
  if (merging_.back() && !add_merged_entries(document_, expansion_left_, problems_)) return false;
  merging_.pop_back();
  document_.close();
  return true;
}

bool YamlReader::take_alias(std::string_view name, Offset at) {
  const auto anchor = anchors_.find(std::string(name));
  if (anchor == anchors_.end()) return fail(at, "unknown alias *" + escape(name, kQuotedBytesMax));
  const std::size_t index = anchor->second;
  if (document_.is_open(index)) {
    return fail(at, "alias *" + escape(name, kQuotedBytesMax) + " stands inside what it repeats");
  }
  const Node& node = document_.nodes()[index];
  if (document_.at_key() && !node.is_scalar()) {
    return fail(at, "a key must be text, found " + std::string(describe(node.kind)));
  }
  if (!spend(node, expansion_left_)) return fail(at, std::string(kExpansionTooLarge));
  if (document_.depth() + document_.height(index) > kDepthMax)
    return fail(at, std::string(kTooDeep));
  document_.add_copy(index);
  return true;
}

NodeKind YamlReader::kind_of(const yaml_event_t& event, Offset at) {
  const auto& scalar = event.data.scalar;
  if (scalar.tag) return kind_by_tag(view(scalar.tag), text_of(event), at);
  if (scalar.style != YAML_PLAIN_SCALAR_STYLE) return NodeKind::text;
  return resolve_plain_scalar(text_of(event));
}

NodeKind YamlReader::kind_by_tag(std::string_view tag, std::string_view text, Offset at) {
  if (tag == "!") return NodeKind::text;
  const std::string_view core = tag.starts_with(kCoreTag) ? tag.substr(kCoreTag.size()) : "";
  if (core == "str") return NodeKind::text;
  const NodeKind kind = resolve_plain_scalar(text);
  const bool fits = (core == "null" && kind == NodeKind::null) ||
                    (core == "bool" && kind == NodeKind::boolean) ||
                    ((core == "int" || core == "float") && kind == NodeKind::number);
  if (!fits) problems_.add(at, "tag " + quote(tag) + " is not supported here; remove it");
  return kind;
}

void YamlReader::check_collection_tag(const yaml_char_t* tag, std::string_view expected,
                                      Offset at) {
  if (!tag || view(tag) == "!" || view(tag) == std::string(kCoreTag).append(expected)) return;
  problems_.add(at, "tag " + quote(view(tag)) + " is not supported here; remove it");
}

void YamlReader::remember(const yaml_char_t* anchor) {
  if (anchor) anchors_[std::string(view(anchor))] = document_.nodes().size() - 1;
}

bool YamlReader::fail(Offset at, std::string what) {
  problems_.add(at, std::move(what));
  return false;
}

// What libyaml says, with what to do where users meet it often.
std::string explain(std::string_view problem, char found) {
  if (problem.starts_with("found character that cannot start any token")) {
    if (found == '\t') return "a tab cannot indent; use spaces";
    return "text cannot start with " + quote({&found, 1}) + "; put it in quotes";
  }
  if (problem.starts_with("mapping values are not allowed")) {
    return "a key cannot stand here; check the indentation, and quote text that contains \": \"";
  }
  return std::string(problem);
}

bool YamlReader::fail_syntax() {
  const yaml_parser_t& state = parser_.state();
  if (state.error == YAML_MEMORY_ERROR || !state.problem) return fail(0, "out of memory");
  if (state.error == YAML_READER_ERROR) {
    return fail(static_cast<Offset>(state.problem_offset), state.problem);
  }
  const Offset at = cursor_.offset_of(state.problem_mark.index);
  const std::string_view text = source_.text();
  if (at > 0 && text.substr(at - 1).starts_with("${{")) {
    return fail(at - 1, "${{ }} within { } or [ ] needs quotes around the whole text");
  }
  std::string what = explain(state.problem, at < text.size() ? text[at] : '\n');
  if (state.context && what == state.problem) {
    const Offset context = cursor_.offset_of(state.context_mark.index);
    what += ", " + std::string(state.context) + " (" + problems_.line_of(context) + ")";
  }
  return fail(at, std::move(what));
}

}  // namespace

bool read_yaml(const Source& source, Document& document, ProblemList& problems) {
  return YamlReader(source, document, problems).read();
}

}  // namespace errand::task_file
