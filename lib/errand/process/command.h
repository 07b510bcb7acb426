// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
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
    discard,   // /dev/null
    // A terminal of its own, the controlling one of a session of its own; everything counts as
    // stdout. It is the standard input too, which has ended, where `input` is null. Where the
    // system has no terminal to give: as merged, and ProcessEnd::no_terminal says why.
    terminal,
  };
  // A limit of setrlimit(2), soft and hard; no value: unlimited.
  struct Limit {
    int resource = 0;
    std::optional<std::uint64_t> value;
  };
  using Strings = std::vector<std::string>;

  Strings
      argv;  // never empty; argv[0] is looked up in PATH of the environment below, as execvp does
  std::string dir;  // relative to our own folder; empty = that folder
  // The complete environment, "K=V": the shared part, then what only this process has. No name in
  // both; PATH is in the shared part.
  std::shared_ptr<const Strings> env;
  Strings own_env;
  // Is a file that is no program given to /bin/sh to read, as execvp does?
  bool scripts_by_shell = true;
  Input input = Input::null;
  std::string input_path;  // relative to dir
  Output output = Output::separate;
  std::optional<int> nice;  // the value itself, not a difference
  std::vector<Limit> limits;
  // What is to be its descriptors 3 and 4; our own numbers, not below 5, ours. -1: none.
  int extra[2] = {-1, -1};
  // It is the terminal's foreground group as long as it lives, where we have a terminal and are in
  // its foreground. One at a time.
  bool foreground = false;
  // False for a service, which runs until it is told to stop: until then nobody waits for its end
  // to make room for another process.
  bool ends_by_itself = true;
};

}  // namespace errand
