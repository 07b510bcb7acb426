// SPDX-License-Identifier: Apache-2.0
#include "errand/process/jobserver/make_flags.h"

#include <algorithm>
#include <charconv>

namespace errand {
namespace {

// "--jobserver-fds" is its name before make 4.2.
constexpr std::string_view kAddressOptions[] = {"--jobserver-auth=", "--jobserver-fds="};

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n'; }

// Up to the next blank that no backslash precedes.
std::string_view next_word(std::string_view& text) {
  std::size_t begin = 0;
  while (begin < text.size() && is_blank(text[begin])) ++begin;
  std::size_t end = begin;
  while (end < text.size() && !is_blank(text[end])) end += text[end] == '\\' ? 2 : 1;
  end = std::min(end, text.size());
  const std::string_view word = text.substr(begin, end - begin);
  text.remove_prefix(end);
  return word;
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

bool is_jobserver(std::string_view word) { return word.starts_with("--jobserver-"); }

bool is_jobs(std::string_view word) {
  return word == "--jobs" || word.starts_with("--jobs=") || word == "-j" ||
         (word.starts_with("-j") && is_number(word.substr(2)));
}

std::optional<JobserverAddress> descriptors(std::string_view text) {
  JobserverAddress address;
  const char* const end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, address.read_end);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != ',') return std::nullopt;
  const auto second = std::from_chars(first.ptr + 1, end, address.write_end);
  if (second.ec != std::errc() || second.ptr != end) return std::nullopt;
  return address;
}

}  // namespace

MakeFlags::MakeFlags(std::string_view text) {
  const bool begins = !text.empty() && !is_blank(text.front());
  for (std::string_view word; !(word = next_word(text)).empty();) {
    if (word == "--") {
      variables_ = text;
      break;
    }
    const bool first = begins && letters_.empty() && words_.empty();
    if (first && word.front() != '-' && word.find('=') == word.npos) {
      letters_ = word;
    } else {
      words_.emplace_back(word);
    }
  }
}

std::string MakeFlags::text() const {
  std::string text = letters_;
  for (const std::string& word : words_) text += " " + word;
  return variables_.empty() ? text : text + " --" + variables_;
}

Result<std::optional<JobserverAddress>> MakeFlags::jobserver() const {
  if (letters_.find('n') != letters_.npos) return std::nullopt;
  std::optional<JobserverAddress> found;
  for (const std::string& word : words_) {
    for (const std::string_view option : kAddressOptions) {
      if (!word.starts_with(option)) continue;
      const std::string_view value = std::string_view(word).substr(option.size());
      if (value.starts_with("fifo:")) {
        found = JobserverAddress{std::string(value.substr(5))};
      } else if (!(found = descriptors(value))) {
        return std::unexpected(Error::text("'" + word + "' is neither fifo:PATH nor R,W"));
      }
    }
  }
  return found;
}

bool MakeFlags::is_serial() const {
  if (std::ranges::any_of(words_, is_jobserver)) return false;
  bool serial = false;
  for (const std::string& word : words_) {
    if (is_jobs(word)) serial = word == "-j1";  // as make writes it; the last one counts
  }
  return serial;
}

void MakeFlags::remove_jobserver() { std::erase_if(words_, is_jobserver); }

void MakeFlags::remove_jobs() {
  for (std::size_t i = 0; i < words_.size(); ++i) {
    const bool count_apart = (words_[i] == "-j" || words_[i] == "--jobs") &&
                             i + 1 < words_.size() && is_number(words_[i + 1]);
    if (count_apart) words_[i + 1] = "-j";
  }
  std::erase_if(words_, is_jobs);
}

void MakeFlags::add(std::string word) { words_.push_back(std::move(word)); }

}  // namespace errand
