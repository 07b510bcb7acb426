// SPDX-License-Identifier: Apache-2.0
#include "errand/taskfile/syntax/json_reader.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "errand/base/quoted_text.h"

namespace errand::task_file {
namespace {

using nlohmann::json;

// Where the parser is in the text: it reads through iterators that all move this one, because its
// events carry no positions.
struct Cursor {
  const char* at = nullptr;
};

class CursorIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  explicit CursorIterator(Cursor& cursor) : cursor_(&cursor) {}
  reference operator*() const { return *cursor_->at; }
  CursorIterator& operator++() {
    ++cursor_->at;
    return *this;
  }
  CursorIterator operator++(int) {
    const CursorIterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const CursorIterator& other) const { return cursor_->at == other.cursor_->at; }

 private:
  Cursor* cursor_;
};

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// "value - unexpected '}'; expected a literal" out of nlohmann's text, without what was last read,
// which can be megabytes.
std::string_view short_message(std::string_view message) {
  constexpr std::string_view prefix = "syntax error while parsing ";
  if (const auto at = message.find(prefix); at != std::string_view::npos) {
    message.remove_prefix(at + prefix.size());
  } else if (const auto bracket = message.find("] "); bracket != std::string_view::npos) {
    message.remove_prefix(bracket + 2);
  }
  return message.substr(0, message.find("; last read: "));
}

// Consumer of nlohmann's events; the names of its members are theirs.
class JsonConsumer {
 public:
  JsonConsumer(const Source& source, Document& document, ProblemList& problems)
      : text_(source.text()), document_(document), problems_(problems) {
    cursor_.at = text_.data();
  }

  bool parse() {
    Cursor end{text_.data() + text_.size()};
    return json::sax_parse(CursorIterator(cursor_), CursorIterator(end), this,
                           json::input_format_t::json);
  }

  bool null() { return scalar(NodeKind::null, as_written()); }
  bool boolean(bool) { return scalar(NodeKind::boolean, as_written()); }
  bool number_integer(json::number_integer_t) { return scalar(NodeKind::number, as_written()); }
  bool number_unsigned(json::number_unsigned_t) { return scalar(NodeKind::number, as_written()); }
  bool number_float(json::number_float_t, const std::string&) {
    return scalar(NodeKind::number, as_written());
  }
  bool string(const std::string& text) { return scalar(NodeKind::text, text); }
  bool key(const std::string& text) { return scalar(NodeKind::text, text); }
  bool binary(const json::binary_t&) { return false; }  // not in JSON text
  bool start_object(std::size_t) { return open(NodeKind::map); }
  bool start_array(std::size_t) { return open(NodeKind::list); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool parse_error(std::size_t read, const std::string&, const json::exception& error);

 private:
  // Where the token begins that was read last: only these characters stand before it.
  std::size_t token_start() const {
    return std::min(text_.find_first_not_of(" \t\r\n,:", token_end_), text_.size());
  }
  void end_token() { token_end_ = static_cast<std::size_t>(cursor_.at - text_.data()); }
  // Numbers and literals; the parser reads one character further behind a number.
  std::string_view as_written() const {
    const std::size_t start = token_start();
    return text_.substr(start, text_.find_first_of(" \t\r\n,]}", start) - start);
  }
  bool scalar(NodeKind kind, std::string_view text);
  bool open(NodeKind kind);
  bool close();
  std::size_t error_place(std::string_view what, std::size_t read) const;
  std::string advise(std::string_view what, std::size_t place) const;

  std::string_view text_;
  Document& document_;
  ProblemList& problems_;
  Cursor cursor_;
  std::size_t token_end_ = 0;
};

bool JsonConsumer::scalar(NodeKind kind, std::string_view text) {
  document_.add_scalar(kind, static_cast<Offset>(token_start()), text);
  end_token();
  return true;
}

bool JsonConsumer::open(NodeKind kind) {
  const auto at = static_cast<Offset>(token_start());
  if (document_.depth() == kDepthMax) {
    problems_.add(at, std::string(kTooDeep));
    return false;
  }
  document_.open(kind, at);
  end_token();
  return true;
}

bool JsonConsumer::close() {
  document_.close();
  end_token();
  return true;
}

std::size_t JsonConsumer::error_place(std::string_view what, std::size_t read) const {
  const bool whole_token =
      contains(what, "unexpected string literal") || contains(what, "unexpected number literal") ||
      contains(what, "unexpected true literal") || contains(what, "unexpected false literal") ||
      contains(what, "unexpected null literal") || contains(what, "number overflow") ||
      contains(what, "missing closing quote");
  return whole_token ? token_start() : std::min(read == 0 ? 0 : read - 1, text_.size());
}

// What users do most often has its own words.
std::string JsonConsumer::advise(std::string_view what, std::size_t place) const {
  const char found = place < text_.size() ? text_[place] : '\0';
  const std::size_t before =
      place == 0 ? std::string_view::npos : text_.find_last_not_of(" \t\r\n", place - 1);
  const bool behind_comma = before != std::string_view::npos && text_[before] == ',';
  if (behind_comma && (found == ']' || found == '}'))
    return "JSON has no trailing comma; remove it";
  if (contains(what, "missing closing quote")) return "this text has no closing quote";
  if (contains(what, "number overflow")) return "this number is too large";
  if (found == '/' || found == '#') return "JSON has no comments; remove this one, or write YAML";
  if (contains(what, "; expected end of input")) {
    return "something follows the end of the JSON value; remove it";
  }
  return "while parsing " + escape(what);
}

bool JsonConsumer::parse_error(std::size_t read, const std::string&, const json::exception& error) {
  const std::string_view what = short_message(error.what());
  const std::size_t place = error_place(what, read);
  problems_.add(static_cast<Offset>(place), advise(what, place));
  return false;
}

}  // namespace

bool read_json(const Source& source, Document& document, ProblemList& problems) {
  return JsonConsumer(source, document, problems).parse();
}

}  // namespace errand::task_file
