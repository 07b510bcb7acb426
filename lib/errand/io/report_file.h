// SPDX-License-Identifier: Apache-2.0
//
// Where a report goes: a file, standard output, or an open descriptor such as /dev/fd/3.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "errand/base/result.h"
#include "errand/io/unique_fd.h"
#include "errand/io/writer.h"

namespace errand {

// A reader has not taken all of a report in time. As an error: "report 'x': gave up 12 bytes that
// nobody has read".
struct UnreadOutput {
  std::string name;
  std::uint64_t bytes = 0;
  std::string message() const {
    return name + ": gave up " + std::to_string(bytes) + " bytes that nobody has read";
  }
};

// Opened before the run, so that a bad path is known before anything is started.
class ReportFile {
 public:
  enum class OpenMode : std::uint8_t {
    replace_at_end,  // a file is replaced as a whole by finish(); until then nothing shows under
                     // its name
    truncate,        // a file is emptied now, and what has been written is there for others to read
    append,          // as truncate, but behind what a file has
  };
  // `path`: "-" and /dev/stdout share `out`; other names in /dev/fd are used as they are. The error
  // begins with `what`: "report 'x.json': No such file or directory".
  static Result<ReportFile> open(Runtime& runtime, std::string path, OpenMode open_mode,
                                 Writer& out, std::string_view what = "report");
  ReportFile(ReportFile&&) noexcept;
  ReportFile& operator=(ReportFile&&) noexcept;
  ~ReportFile();

  Writer& writer();
  // Everything is out and under its name when this returns none. Once. If the context is done
  // first, the error carries UnreadOutput; for standard output, which others write to as well, it
  // is the context's.
  awaitable<Error> finish(Context context);

 private:
  struct State;
  explicit ReportFile(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace errand
