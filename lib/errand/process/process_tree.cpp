// SPDX-License-Identifier: Apache-2.0
#include "errand/process/process_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <memory>

namespace errand {
namespace {

constexpr std::size_t kCommandLineShownMax = 120;
constexpr std::size_t kCommandLineBytesMax = 4096;  // read to be masked before it is shortened
constexpr std::size_t kEnvironmentBytesMax =
    std::size_t{8} * 1024 * 1024;  // the kernel's own: 6 MiB

std::string proc(pid_t pid, std::string_view rest) {
  return ("/proc/" + std::to_string(pid)).append(rest);
}

std::string read_file(const std::string& path, std::size_t bytes_max) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  if (!fd) return text;
  while (text.size() < bytes_max) {
    const std::size_t had = text.size();
    const std::size_t more = std::min<std::size_t>(bytes_max - had, 4096);
    text.resize(had + more);
    const ssize_t count = ::read(fd.get(), text.data() + had, more);
    text.resize(had + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
  }
  return text;
}

struct CloseDir {
  void operator()(DIR* dir) const { ::closedir(dir); }
};

// Calls visit(name) for each entry until it returns true; then true.
bool any_entry(const std::string& folder, auto&& visit) {
  const std::unique_ptr<DIR, CloseDir> dir(::opendir(folder.c_str()));
  if (!dir) return false;
  while (const dirent* entry = ::readdir(dir.get())) {
    if (entry->d_name[0] != '.' && visit(std::string_view(entry->d_name))) return true;
  }
  return false;
}

void append_numbers(std::string_view text, std::vector<pid_t>& numbers) {
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end && numbers.size() < kProcessTreeMax) {
    pid_t number = 0;
    const auto [rest, error] = std::from_chars(at, end, number);
    if (error == std::errc()) numbers.push_back(number);
    at = rest == at ? at + 1 : rest;
  }
}

}  // namespace

std::vector<pid_t> children_of(pid_t pid) {
  constexpr std::size_t kBytesPerChild = 12;
  std::vector<pid_t> children;
  const std::string threads = proc(pid, "/task");
  any_entry(threads, [&](std::string_view thread) {
    const std::string path = threads + "/" + std::string(thread) + "/children";
    append_numbers(read_file(path, kProcessTreeMax * kBytesPerChild), children);
    return children.size() >= kProcessTreeMax;
  });
  return children;
}

std::vector<pid_t> descendants_of(pid_t pid) {
  std::vector<pid_t> found = children_of(pid);
  for (std::size_t i = 0; i < found.size() && found.size() < kProcessTreeMax; ++i) {
    const std::vector<pid_t> children = children_of(found[i]);
    found.insert(found.end(), children.begin(), children.end());
  }
  return found;
}

// "PID (NAME) STATE PARENT GROUP ...", where NAME may hold anything.
std::optional<ProcessStat> process_stat(pid_t pid) {
  constexpr std::size_t kStatBytesMax = 4096;
  constexpr int kStartField = 22;
  const std::string text = read_file(proc(pid, "/stat"), kStatBytesMax);
  const std::size_t open = text.find('(');
  const std::size_t close = text.rfind(')');
  if (open == text.npos || close == text.npos || close + 2 >= text.size()) return {};
  ProcessStat stat;
  stat.name = text.substr(open + 1, close - open - 1);
  stat.zombie = text[close + 2] == 'Z' || text[close + 2] == 'X';
  const char* at = text.data() + close + 3;
  const char* const end = text.data() + text.size();
  for (int field = 4; field <= kStartField && at != end; ++field) {
    std::int64_t value = 0;
    at = std::from_chars(at + 1, end, value).ptr;
    if (field == 4) stat.parent = static_cast<pid_t>(value);
    if (field == 5) stat.group = static_cast<pid_t>(value);
    if (field == kStartField) stat.start_ticks = static_cast<std::uint64_t>(value);
    at = std::find(at, end, ' ');
  }
  return stat;
}

std::uint64_t ticks_now() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  const auto ticks = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  constexpr std::uint64_t kNanoseconds = 1'000'000'000;
  return static_cast<std::uint64_t>(now.tv_sec) * ticks +
         static_cast<std::uint64_t>(now.tv_nsec) * ticks / kNanoseconds;
}

std::vector<pid_t> all_processes() {
  std::vector<pid_t> found;
  any_entry("/proc", [&](std::string_view name) {
    pid_t pid = 0;
    const auto [rest, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error == std::errc() && rest == name.data() + name.size()) found.push_back(pid);
    return false;
  });
  return found;
}

bool environment_has(pid_t pid, std::string_view entry) {
  const std::string text = '\0' + read_file(proc(pid, "/environ"), kEnvironmentBytesMax);
  std::string wanted(1, '\0');
  wanted += entry;
  wanted += '\0';
  return text.find(wanted) != text.npos;
}

std::string file_link(int fd) {
  std::array<char, 64> link{};
  const ssize_t size =
      ::readlink(proc(::getpid(), "/fd/" + std::to_string(fd)).c_str(), link.data(), link.size());
  return size > 0 ? std::string(link.data(), static_cast<std::size_t>(size)) : std::string();
}

bool has_open_file(pid_t pid, std::string_view wanted) {
  const std::string folder = proc(pid, "/fd");
  return any_entry(folder, [&](std::string_view name) {
    std::array<char, 64> link{};
    const std::string path = folder + "/" + std::string(name);
    const ssize_t size = ::readlink(path.c_str(), link.data(), link.size());
    return size > 0 && std::string_view(link.data(), static_cast<std::size_t>(size)) == wanted;
  });
}

std::string command_line(pid_t pid, const Masker& masker) {
  std::string text = read_file(proc(pid, "/cmdline"), kCommandLineBytesMax);
  const bool may_be_cut = text.size() >= kCommandLineBytesMax;
  while (!text.empty() && text.back() == '\0') text.pop_back();
  if (text.empty()) {
    text = read_file(proc(pid, "/comm"), kCommandLineShownMax);
    if (!text.empty() && text.back() == '\n') text.pop_back();
    return "[" + masker.mask(text) + "]";
  }
  for (char& c : text) {
    if (c == '\0') c = ' ';
  }
  text = may_be_cut ? masker.mask_beginning(text) : masker.mask(text);
  if (text.size() > kCommandLineShownMax)
    text.replace(kCommandLineShownMax - 3, std::string::npos, "...");
  return text;
}

std::string describe(pid_t pid, const Masker& masker) {
  return command_line(pid, masker) + " (pid " + std::to_string(pid) + ")";
}

// glibc before 2.37 declares these calls without extern "C".
UniqueFd process_handle(pid_t pid) {
  return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

bool signal_process(const UniqueFd& handle, int signal) {
  return ::syscall(SYS_pidfd_send_signal, handle.get(), signal, nullptr, 0) == 0 || errno != ESRCH;
}

bool may_signal(const UniqueFd& handle) {
  return ::syscall(SYS_pidfd_send_signal, handle.get(), 0, nullptr, 0) == 0 || errno != EPERM;
}

}  // namespace errand
