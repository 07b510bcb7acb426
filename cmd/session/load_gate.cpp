// SPDX-License-Identifier: Apache-2.0
#include "cmd/session/load_gate.h"

#include <cstdlib>
#include <fstream>
#include <limits>
#include <string>

namespace errand::cmd {
namespace {

// Over the last minute.
double load_average() {
  double load = 0;
  return ::getloadavg(&load, 1) == 1 ? load : 0;
}

std::uint64_t memory_available() {
  constexpr std::uint64_t kKibibyte = 1024;
  std::ifstream file("/proc/meminfo");
  std::string name;
  while (file >> name) {
    std::uint64_t kibibytes = 0;
    if (name == "MemAvailable:" && file >> kibibytes) return kibibytes * kKibibyte;
    file.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return std::numeric_limits<std::uint64_t>::max();
}

}  // namespace

std::function<bool()> load_gate(std::optional<LoadLimit> load,
                                std::optional<std::uint64_t> memory_free_min, unsigned processors) {
  if (!load && !memory_free_min) return {};
  std::optional<double> load_max;
  if (load) load_max = load->percent ? load->value * processors / 100 : load->value;
  return [load_max, memory_free_min] {
    return (load_max && load_average() > *load_max) ||
           (memory_free_min && memory_available() < *memory_free_min);
  };
}

}  // namespace errand::cmd
