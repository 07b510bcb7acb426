// SPDX-License-Identifier: Apache-2.0
//
// The built errand, run for real: in a fresh folder, with streams, signals and terminals of choice.
// Nothing here waits for a time: tasks tell the test where they are by lines in the pipe $MARKS,
// and that they are gone by closing the pipe $HELD; a shell that says `eval $AWAIT_SIGNAL` lives
// until a signal's trap ends it. One limit for each errand, kErrandTimeout, ends a test that would
// hang.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "errand/io/unique_fd.h"
#include "support/catch.h"
#include "support/folder.h"
#include "support/sanitized.h"

namespace errand::test {

inline constexpr std::chrono::seconds kErrandTimeout{kSanitized ? 180 : 45};

enum class Streams {
  apart,     // a pipe each
  together,  // one pipe
  terminal,  // a pseudo-terminal, which errand leads
};

struct Call {
  std::vector<std::string> args;
  std::string folder = {};                // to start in, below the test's own
  std::vector<std::string> env = {};      // "NAME=value", beside PATH, HOME, LANG, TMPDIR
  std::optional<std::string> input = {};  // standard input; none: /dev/null
  bool input_stays_open = false;          // until close_input(); more comes by send()
  Streams streams = Streams::apart;
  std::string out_file = {};             // standard output goes there instead
  std::vector<int> closed = {};          // descriptors that are closed at the start
  std::vector<std::string> prefix = {};  // a program that starts errand
  bool reads_out = true;                 // false: nobody reads before finish()
};

struct Ended {
  int code = -1;  // -1: died of a signal
  int signal = 0;
  std::string out, err;     // in one pipe or a terminal: all in `out`
  long peak_kib = 0;        // the most memory errand itself had
  std::string how() const;  // "exit 2", "signal 15"
};

class CliTest;

// One errand that runs.
class Errand {
 public:
  Errand(CliTest& test, const Call& call);
  Errand(const Errand&) = delete;
  Errand& operator=(const Errand&) = delete;
  ~Errand();

  pid_t pid() const { return pid_; }
  void signal(int number) const;
  void type(std::string_view keys);  // on the terminal
  void resize(unsigned short columns);
  void send(std::string_view input);
  void close_input();
  void close_out();  // as `head` does
  void hang_up();    // the terminal goes away

  // Waits for the next line that a task has written to $MARKS.
  std::string mark();
  void await_mark(std::string_view expected);
  void await_output(std::string_view text);
  const std::string& out() const { return out_; }
  const std::string& err() const { return err_; }

  // Waits for its end. Checks that nothing has survived it: no process, no holder of its output.
  Ended finish();
  // The same, but nothing of its standard output is read before it has ended.
  Ended finish_unread();
  // The same for an errand that could not clean up: waits until all is gone.
  Ended finish_killed();

 private:
  void start(const Call& call);
  [[noreturn]] void become(const Call& call, int in, int out, int err) const;
  template <class Enough>
  void pump(const char* what, Enough enough);
  void read_from(UniqueFd& fd, std::string& into);
  Ended reap();
  [[noreturn]] void give_up(const std::string& why);

  CliTest& test_;
  pid_t pid_ = 0;
  bool ended_ = false, reaped_ = false;
  std::chrono::steady_clock::time_point deadline_;
  UniqueFd pidfd_, out_fd_, err_fd_, in_fd_;
  bool reads_out_;
  std::string out_, err_;
};

class CliTest : public Folder {
 public:
  CliTest();
  ~CliTest();

  Ended run(const Call& call);
  Ended run(std::vector<std::string> args) { return run(Call{std::move(args)}); }
  // Writes errand.yaml and runs it.
  Ended run_yaml(std::string_view yaml, std::vector<std::string> options = {});
  std::unique_ptr<Errand> start(const Call& call) { return std::make_unique<Errand>(*this, call); }
  std::unique_ptr<Errand> start_yaml(std::string_view yaml, std::vector<std::string> options = {});

  // Makes the pipe `name`, where tasks can wait for each other (`read line <name`, `echo >name`)
  // and for the test.
  void make_gate(std::string_view name);
  void open_gate(std::string_view name);  // for one of those who wait

  // Does some process hold $HELD open at this moment?
  bool held() const;
  // The lines in $MARKS that nobody has waited for yet.
  std::vector<std::string> marks();

 private:
  friend class Errand;
  std::optional<std::string> take_mark();
  void read_marks();
  void remember(const std::string& text);  // told when a check fails

  UniqueFd marks_fd_, held_fd_;
  std::map<std::string, UniqueFd, std::less<>> gates_;
  std::string marks_;
  std::vector<std::unique_ptr<Catch::ScopedMessage>> messages_;
};

}  // namespace errand::test
