// SPDX-License-Identifier: Apache-2.0
//
// A folder for one test, and what tests ask of texts.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace errand::test {

// Fresh, and removed with all that is in it.
class Folder {
 public:
  Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder();
  const std::string& path() const { return path_; }
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }
  void write(std::string_view name, std::string_view text) const;  // with the folders above it
  std::string read(std::string_view name) const;                   // "" where there is none
  bool exists(std::string_view name) const;
  // Of what tests and tasks have put there, sorted; without the state that errand keeps below HOME.
  std::vector<std::string> names() const;

 private:
  std::string path_;
};

bool contains(std::string_view text, std::string_view part);
std::size_t count(std::string_view text, std::string_view part);
std::vector<std::string> lines_of(std::string_view text);
std::string last_lines(std::string_view text, std::size_t count);
// Every "in 1.25s" and "in 12ms" becomes "in TIME", and a run's folder RUN.
std::string without_times(const std::string& text);
// A program of the machine, "" where it is missing.
std::string find_program(const std::string& name);

}  // namespace errand::test
