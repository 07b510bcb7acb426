// SPDX-License-Identifier: Apache-2.0
#include "support/folder.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <system_error>

namespace errand::test {

namespace fs = std::filesystem;

bool contains(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != text.npos; at += part.size()) ++found;
  return found;
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  return lines;
}

std::string last_lines(std::string_view text, std::size_t count) {
  const std::vector<std::string> all = lines_of(text);
  std::string last;
  for (std::size_t i = all.size() - std::min(all.size(), count); i < all.size(); ++i)
    last += all[i] + "\n";
  return last;
}

std::string without_times(const std::string& text) {
  static const std::regex kTime("\\bin [0-9][0-9a-zµ.]*");
  static const std::regex kRun("\\S*/errand/runs/[^/]*");
  return std::regex_replace(std::regex_replace(text, kTime, "in TIME"), kRun, "RUN");
}

std::string find_program(const std::string& name) {
  for (const char* folder : {"/usr/local/bin/", "/usr/bin/", "/bin/", "/usr/sbin/", "/sbin/"}) {
    if (::access((folder + name).c_str(), X_OK) == 0) return folder + name;
  }
  return {};
}

// ---- Folder

Folder::Folder() {
  std::string pattern = (fs::temp_directory_path() / "errand-cli-XXXXXX").string();
  if (!::mkdtemp(pattern.data())) throw std::system_error(errno, std::generic_category(), pattern);
  path_ = fs::canonical(pattern).string();
}

Folder::~Folder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void Folder::write(std::string_view name, std::string_view text) const {
  const fs::path file = *this / name;
  fs::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
}

std::string Folder::read(std::string_view name) const {
  std::ifstream file(*this / name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool Folder::exists(std::string_view name) const { return fs::exists(*this / name); }

std::vector<std::string> Folder::names() const {
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator(path_)) {
    if (!entry.is_fifo() && entry.path().filename() != ".local")
      found.push_back(entry.path().filename().string());
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace errand::test
