// SPDX-License-Identifier: Apache-2.0
//
// Who descends from whom, read from /proc. Answers are snapshots, and empty where /proc does not
// tell.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "errand/base/masker.h"
#include "errand/io/unique_fd.h"

namespace errand {

// At most this many processes are looked at in one go.
inline constexpr std::size_t kProcessTreeMax = 4096;

std::vector<pid_t> children_of(pid_t pid);
// Children, their children, and so on; without `pid` itself.
std::vector<pid_t> descendants_of(pid_t pid);

// One line of /proc about a process.
struct ProcessStat {
  pid_t parent = 0;
  pid_t group = 0;
  bool zombie = false;            // it has ended and waits for its parent
  std::uint64_t start_ticks = 0;  // since boot; with the id it names the process for ever
  std::string name;
};
std::optional<ProcessStat> process_stat(pid_t pid);
// CLOCK_BOOTTIME in the unit of start_ticks.
std::uint64_t ticks_now();
// Every process that /proc shows.
std::vector<pid_t> all_processes();
// Was `entry` ("K=V") in the environment that the program of `pid` was started with? False where we
// may not look.
bool environment_has(pid_t pid, std::string_view entry);

// Has the process `pid` a descriptor for the file that /proc calls `link`, as in "pipe:[1234]"?
bool has_open_file(pid_t pid, std::string_view link);
// What /proc calls the file behind our descriptor.
std::string file_link(int fd);
// "sleep 300": its arguments, masked and shortened; its name in brackets where it has none.
std::string command_line(pid_t pid, const Masker& masker);
// "sleep 300 (pid 7)".
std::string describe(pid_t pid, const Masker& masker);

// Stands for one process even after its id has been given to another. Empty when there is none.
UniqueFd process_handle(pid_t pid);
// False when that process has been reaped.
bool signal_process(const UniqueFd& handle, int signal);
// False: the system does not let us signal it.
bool may_signal(const UniqueFd& handle);

}  // namespace errand
