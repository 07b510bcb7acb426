// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace errand {

// One process to start, in words of the system; nothing in it is expanded or interpreted.
struct Command {
  enum class Input : std::uint8_t {
    null,     // /dev/null
    inherit,  // our own standard input
    file,     // input_path
  };
  enum class Output : std::uint8_t {
    separate,  // a pipe for stdout and one for stderr
    merged,    // one pipe for both, in order of arrival; everything counts as stdout
    inherit,   // our own descriptors
  };
  using Strings = std::vector<std::string>;

  Strings
      argv;  // never empty; argv[0] is looked up in PATH of the environment below, as execvp does
  std::string dir;  // relative to our own folder; empty = that folder
  // The complete environment, "K=V": the shared part, then what only this process has. No name in
  // both; PATH is in the shared part.
  std::shared_ptr<const Strings> env;
  Strings own_env;
  Input input = Input::null;
  std::string input_path;  // relative to dir
  Output output = Output::separate;
};

}  // namespace errand
