// SPDX-License-Identifier: Apache-2.0
//
// fuzz_replay TARGET PATH…: gives each file, and each file of each folder, to the target once.
// Needs no fuzzer.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>

#include "fuzz/targets.h"

namespace {

using namespace errand;
namespace fs = std::filesystem;

constexpr int kMisuse = 125;

const std::map<std::string_view, void (*)(std::string_view)> kTargets = {
    {"yaml", fuzz::yaml},
    {"json", fuzz::json},
    {"json_lines", fuzz::json_lines},
    {"expressions", fuzz::expressions},
    {"env_file", fuzz::env_file},
    {"plain_command", fuzz::plain_command},
    {"command_template", fuzz::command_template},
    {"values", fuzz::values},
};

// Named before it is read: after a crash the last line says which it was.
void replay(void (*target)(std::string_view), const fs::path& path) {
  std::printf("%s\n", path.c_str());
  std::fflush(stdout);
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  // On the heap and exactly as long, so that a sanitizer sees each byte read behind it.
  target(std::string_view(text));
}

}  // namespace

int main(int argc, char** argv) {
  const auto target = argc > 2 ? kTargets.find(argv[1]) : kTargets.end();
  if (target == kTargets.end()) {
    std::fprintf(stderr, "usage: fuzz_replay TARGET PATH...\n");
    return kMisuse;
  }
  std::size_t count = 0;
  for (int i = 2; i < argc; ++i) {
    const fs::path path = argv[i];
    if (!fs::is_directory(path)) {
      replay(target->second, path);
      ++count;
      continue;
    }
    for (const fs::directory_entry& entry : fs::directory_iterator(path)) {
      replay(target->second, entry.path());
      ++count;
    }
  }
  std::printf("%zu inputs\n", count);
  return count == 0 ? kMisuse : 0;
}
