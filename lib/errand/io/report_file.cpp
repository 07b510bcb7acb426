// SPDX-License-Identifier: Apache-2.0
#include "errand/io/report_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <optional>
#include <utility>

namespace errand {
namespace {

constexpr mode_t kNewFileMode = 0666;  // less the umask

// 3 for /dev/fd/3: to be used, not opened again, or a file behind it would lose its offset.
std::optional<int> named_descriptor(std::string_view path) {
  if (path == "-" || path == "/dev/stdout") return 1;
  if (path == "/dev/stderr") return 2;
  for (const std::string_view folder : {"/dev/fd/", "/proc/self/fd/"}) {
    if (!path.starts_with(folder)) continue;
    const std::string_view digits = path.substr(folder.size());
    int fd = 0;
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), fd);
    if (failed == std::errc() && end == digits.data() + digits.size() && fd >= 0) return fd;
  }
  return std::nullopt;
}

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == path.npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

// Where symbolic links lead, so that not the link is replaced; the path itself where nothing is.
std::string real_path(const std::string& path) {
  char* found = ::realpath(path.c_str(), nullptr);
  std::string resolved = found ? found : path;
  ::free(found);
  return resolved;
}

}  // namespace

struct ReportFile::State {
  State(std::string shown_name, std::string to)
      : name(std::move(shown_name)), target(std::move(to)) {}
  ~State() {
    if (!temporary.empty()) ::unlink(temporary.c_str());
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  bool open_now(OpenMode open_mode);
  bool open_to_replace();
  bool make_temporary();
  bool put_in_place();
  bool rename_into_place();
  bool copy_into_place();

  const std::string name;  // "report 'x.json'"
  const std::string target;
  std::string temporary;  // the file's name until it is in place; empty: none
  bool replaces = false;  // it has to be put in place at the end
  mode_t mode = kNewFileMode;
  bool has_mode = false;
  UniqueFd fd;
  std::optional<Writer> own;
  Writer* writer = nullptr;
};

bool ReportFile::State::open_now(OpenMode open_mode) {
  const int emptied = open_mode == OpenMode::append ? 0 : O_TRUNC;
  fd.reset(::open(target.c_str(), O_WRONLY | O_CREAT | emptied | O_APPEND | O_CLOEXEC | O_NOCTTY,
                  kNewFileMode));
  return static_cast<bool>(fd);
}

// A new file beside the target. Devices and pipes cannot be replaced; neither can a file in a
// folder that takes no new ones.
bool ReportFile::State::open_to_replace() {
  struct ::stat found;
  const bool exists = ::stat(target.c_str(), &found) == 0;
  if (exists && !S_ISREG(found.st_mode)) return open_now(OpenMode::truncate);
  if (exists && !UniqueFd(::open(target.c_str(), O_WRONLY | O_CLOEXEC))) return false;
  if (exists) {
    mode = found.st_mode & 07777;
    has_mode = true;
  }
  replaces = make_temporary();
  if (replaces) return true;
  const int number = errno;
  if (exists && (number == EACCES || number == EPERM || number == EROFS)) {
    return open_now(OpenMode::truncate);
  }
  errno = number;
  return false;
}

// Without a name where the file system can: then nothing stays behind if errand is killed.
bool ReportFile::State::make_temporary() {
  fd.reset(::open(folder_of(target).c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, kNewFileMode));
  if (fd || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) {
    return static_cast<bool>(fd);
  }
  std::string path = target + ".tmp" + std::to_string(::getpid());
  fd.reset(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, kNewFileMode));
  if (fd) temporary = std::move(path);
  return static_cast<bool>(fd);
}

bool ReportFile::State::put_in_place() {
  if (rename_into_place()) return true;
  // A file mounted by itself, as containers like to do, cannot be replaced.
  return errno == EBUSY && copy_into_place();
}

bool ReportFile::State::copy_into_place() {
  const UniqueFd to(::open(target.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC));
  ::off_t done = 0;
  const ::off_t size = ::lseek(fd.get(), 0, SEEK_END);
  while (to && done < size) {
    const auto left = static_cast<std::size_t>(size - done);
    if (::sendfile(to.get(), fd.get(), &done, left) <= 0) return false;
  }
  return static_cast<bool>(to);
}

bool ReportFile::State::rename_into_place() {
  if (has_mode) ::fchmod(fd.get(), mode);
  if (temporary.empty()) {
    const std::string nameless = "/proc/self/fd/" + std::to_string(fd.get());
    const std::string path = target + ".tmp" + std::to_string(::getpid());
    ::unlink(path.c_str());
    if (::linkat(AT_FDCWD, nameless.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) != 0) {
      return false;
    }
    temporary = path;
  }
  if (::rename(temporary.c_str(), target.c_str()) != 0) return false;
  temporary.clear();
  return true;
}

ReportFile::ReportFile(std::unique_ptr<State> state) : state_(std::move(state)) {}
ReportFile::ReportFile(ReportFile&&) noexcept = default;
ReportFile& ReportFile::operator=(ReportFile&&) noexcept = default;
ReportFile::~ReportFile() = default;

Result<ReportFile> ReportFile::open(Runtime& runtime, std::string path, OpenMode open_mode,
                                    Writer& out, std::string_view what) {
  const std::string name = std::string(what) + " '" + path + "'";
  const auto descriptor = named_descriptor(path);
  auto state = std::make_unique<State>(name, descriptor ? path : real_path(path));
  if (descriptor == 1) {
    state->writer = &out;
    return ReportFile(std::move(state));
  }
  bool opened = false;
  if (descriptor) {
    state->fd.reset(::fcntl(*descriptor, F_DUPFD_CLOEXEC, 3));
    opened = static_cast<bool>(state->fd);
  } else {
    opened = open_mode == OpenMode::replace_at_end ? state->open_to_replace()
                                                   : state->open_now(open_mode);
  }
  if (!opened) return std::unexpected(Error::system(name, errno));
  state->own.emplace(runtime, state->fd.get(), name);
  state->writer = &*state->own;
  return ReportFile(std::move(state));
}

Writer& ReportFile::writer() { return *state_->writer; }

awaitable<Error> ReportFile::finish(Context context) {
  Error error = co_await state_->writer->flush(std::move(context));
  if (error.is(Canceled) && state_->own) {
    const std::uint64_t unread = state_->own->queued_bytes();
    co_return Error::make(UnreadOutput{state_->name, unread});
  }
  if (error || !state_->replaces) co_return error;
  state_->replaces = false;
  if (!state_->put_in_place()) co_return Error::system(state_->name, errno);
  co_return Error();
}

}  // namespace errand
