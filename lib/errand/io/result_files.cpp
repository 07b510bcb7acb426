// SPDX-License-Identifier: Apache-2.0
#include "errand/io/result_files.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "errand/io/write_all.h"

namespace errand {
namespace {

// Both less the umask.
constexpr mode_t kFileMode = 0666;
constexpr mode_t kFolderMode = 0777;

Error named(const std::string& path, int number) {
  return Error::system("results '" + path + "'", number);
}

// Follows no link at all, and nothing that leads out of the folder.
int open_beneath(int folder, const char* path, int flags) {
  ::open_how how{};
  how.flags = static_cast<unsigned>(flags | O_CLOEXEC);
  how.mode = (flags & O_CREAT) != 0 ? kFileMode : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(::syscall(SYS_openat2, folder, path, &how, sizeof how));
}

// Kernels before 5.6 have none, and some containers forbid what they do not know.
bool has_openat2(int folder) {
  return static_cast<bool>(UniqueFd(open_beneath(folder, ".", O_PATH | O_DIRECTORY)));
}

// Tries it, because old seccomp profiles answer faccessat2() with EPERM. Returns false and sets
// errno if no file can be made in the folder.
bool takes_files(int folder) {
  if (UniqueFd(::openat(folder, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, kFileMode))) return true;
  if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL) return false;
  // The file system has no files without a name.
  const std::string name = ".errand." + std::to_string(::getpid());
  const UniqueFd named(
      ::openat(folder, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kFileMode));
  if (named) ::unlinkat(folder, name.c_str(), 0);
  return static_cast<bool>(named);
}

// Most descriptors are the tasks': those that wait for a start have files here already, and must
// not take each other's room.
std::size_t open_max() {
  constexpr std::size_t kShare = 8;
  struct ::rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return ResultFiles::kOpenMax;
  return std::clamp<std::size_t>(limit.rlim_cur / kShare, 1, ResultFiles::kOpenMax);
}

}  // namespace

ResultFiles::ResultFiles(std::string name, UniqueFd folder)
    : name_(std::move(name)),
      folder_(std::move(folder)),
      has_openat2_(has_openat2(folder_.get())),
      open_max_(open_max()),
      open_(std::make_unique<detail::List<File>>()) {}

Result<ResultFiles> ResultFiles::open(std::string folder) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed) return std::unexpected(named(folder, failed.value()));
  UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || !takes_files(fd.get())) {
    return std::unexpected(named(folder, errno));
  }
  while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
  return ResultFiles(std::move(folder), std::move(fd));
}

Error ResultFiles::failed(const std::string& path) const {
  return named(name_ + "/" + path, errno);
}

Result<ResultFiles::FolderState> ResultFiles::make_folder(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string above = slash == path.npos ? std::string() : path.substr(0, slash);
  if (!above.empty() && !made_folders_.contains(above)) {
    if (const auto made = make_folder(above); !made) return made;
    made_folders_.insert(above);
  }
  const Place place = place_of(path);
  if (place.folder < 0) return std::unexpected(failed(path));
  if (::mkdirat(place.folder, place.name, kFolderMode) == 0) return FolderState::created;
  if (errno != EEXIST) return std::unexpected(failed(path));
  struct ::stat found{};
  if (::fstatat(place.folder, place.name, &found, AT_SYMLINK_NOFOLLOW) != 0) {
    return std::unexpected(failed(path));
  }
  if (S_ISDIR(found.st_mode)) return FolderState::existed;
  errno = ENOTDIR;
  return std::unexpected(failed(path));
}

// ---- files

void ResultFiles::close_oldest() {
  open_->pop_front().fd_.reset();
  --open_count_;
}

void ResultFiles::close(File& file) {
  if (!file.fd_) return;
  file.unlink();
  file.fd_.reset();
  --open_count_;
}

ResultFiles::Place ResultFiles::place_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == path.npos || !has_openat2_) return {{}, folder_.get(), path.c_str()};
  UniqueFd above = open_below(path.substr(0, slash), O_PATH | O_DIRECTORY);
  const int folder = above.get();
  return {std::move(above), folder, path.c_str() + slash + 1};
}

// Without waiting: a pipe in the place of a file would hold everything up.
UniqueFd ResultFiles::open_file(const std::string& path, int flags) {
  return open_below(path, flags | O_NONBLOCK | O_NOCTTY);
}

// Where descriptors are out, those that others of ours can spare are taken.
UniqueFd ResultFiles::open_below(const std::string& path, int flags) {
  for (;;) {
    UniqueFd fd(has_openat2_ ? open_beneath(folder_.get(), path.c_str(), flags)
                             : ::openat(folder_.get(), path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW,
                                        kFileMode));
    const bool none_left = !fd && (errno == EMFILE || errno == ENFILE);
    if (!none_left || open_->empty()) return fd;
    close_oldest();
  }
}

Error ResultFiles::open_file(File& file, int flags) {
  close(file);
  while (open_count_ >= open_max_) close_oldest();
  file.fd_ = open_file(file.path_, O_WRONLY | O_APPEND | flags);
  if (!file.fd_) return failed(file.path_);
  open_->push_back(file);
  ++open_count_;
  return {};
}

Error ResultFiles::begin(File& file) { return open_file(file, O_CREAT | O_TRUNC); }

Error ResultFiles::append(File& file, std::string_view bytes) {
  if (!file.fd_) {
    if (Error error = open_file(file, 0)) return error;
  } else {
    file.unlink();
    open_->push_back(file);
  }
  return write_all(file.fd_.get(), bytes) ? Error() : failed(file.path_);
}

Error ResultFiles::replace(const std::string& path, std::string_view bytes) {
  const std::string fresh = path + ".new";
  const UniqueFd file = open_file(fresh, O_WRONLY | O_CREAT | O_TRUNC);
  const bool done = file && write_all(file.get(), bytes) && rename(fresh, path);
  if (done) return {};
  Error error = failed(path);
  if (file) remove(fresh);
  return error;
}

// Both in one folder.
bool ResultFiles::rename(const std::string& from, const std::string& to) {
  const Place place = place_of(from);
  const char* name = to.c_str() + (place.name - from.c_str());
  return place.folder >= 0 && ::renameat(place.folder, place.name, place.folder, name) == 0;
}

void ResultFiles::remove(const std::string& path) {
  const Place place = place_of(path);
  if (place.folder >= 0) ::unlinkat(place.folder, place.name, 0);
}

std::string ResultFiles::read(const std::string& path, std::size_t bytes_max) {
  const UniqueFd file = open_file(path, O_RDONLY);
  std::string bytes(bytes_max, '\0');
  const ssize_t size = file ? ::pread(file.get(), bytes.data(), bytes.size(), 0) : 0;
  bytes.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return bytes;
}

}  // namespace errand
