// SPDX-License-Identifier: Apache-2.0
//
// ResultFiles: the files below one folder that a run writes, however many at a time.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>

#include "errand/base/result.h"
#include "errand/concurrency/detail/list.h"
#include "errand/io/unique_fd.h"

namespace errand {

// Paths are relative to the folder and never lead out of it: no symbolic link on the way is
// followed, whenever a task made it. Before Linux 5.6, where openat2() is missing, that is certain
// only of the last part of a path. Few files are open at a time; the others are opened again when
// there is more for them. Errors begin with "results 'DIR/PATH': ".
class ResultFiles {
 public:
  static constexpr std::size_t kOpenMax = 64;  // and at most an eighth of what the system allows

  // Something that grows. Leaves before its ResultFiles.
  class File : detail::Link {
   public:
    explicit File(std::string path) : path_(std::move(path)) {}
    ~File() { unlink(); }

   private:
    friend class ResultFiles;
    friend class detail::List<File>;
    std::string path_;
    UniqueFd fd_;
  };

  // Makes the folder and those above it where they are missing.
  static Result<ResultFiles> open(std::string folder);
  ResultFiles(ResultFiles&&) = default;

  enum class FolderState { created, existed };
  // A folder with those above it.
  Result<FolderState> make_folder(const std::string& path);

  // Makes it, or takes away what is in it.
  Error begin(File& file);
  Error append(File& file, std::string_view bytes);
  void close(File& file);

  // The whole file in one step, for readers. It is not open afterwards.
  Error replace(const std::string& path, std::string_view bytes);
  void remove(const std::string& path);
  // At most so much of its beginning; empty where there is none.
  std::string read(const std::string& path, std::size_t bytes_max);

  std::size_t open_count() const { return open_count_; }

 private:
  ResultFiles(std::string name, UniqueFd folder);
  // The last part of a path, in a folder that is open.
  struct Place {
    UniqueFd own;
    int folder = -1;  // -1: it cannot be opened, for errno
    const char* name = nullptr;
  };
  Place place_of(const std::string& path);
  UniqueFd open_below(const std::string& path, int flags);
  UniqueFd open_file(const std::string& path, int flags);
  bool rename(const std::string& from, const std::string& to);
  Error open_file(File& file, int flags);
  void close_oldest();
  Error failed(const std::string& path) const;

  std::string name_;
  UniqueFd folder_;
  bool has_openat2_;
  std::size_t open_max_;
  std::unique_ptr<detail::List<File>> open_;  // the one used last is at the end
  std::size_t open_count_ = 0;
  std::unordered_set<std::string> made_folders_;  // folders above others, made already
};

}  // namespace errand
