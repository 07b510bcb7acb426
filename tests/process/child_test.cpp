// SPDX-License-Identifier: Apache-2.0
//
// What a process finds when it starts, and what keeps it from starting.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "support/process_test.h"

namespace errand::test {
namespace {

namespace fs = std::filesystem;

struct Folder {
  Folder() {
    char name[] = "/tmp/errand-process-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Folder() { fs::remove_all(path); }
  std::string file(const std::string& name, const std::string& text,
                   fs::perms perms = fs::perms::owner_all) const {
    std::ofstream(path / name) << text;
    fs::permissions(path / name, perms);
    return path / name;
  }
  fs::path path;
};

struct Found {
  ProcessEnd end;
  std::string out;
};

Found run(ProcessTest& test, Command command) {
  Kept kept;
  ProcessEnd end = test.run(std::move(command), kept);
  return {std::move(end), kept.out};
}

std::string error_of(ProcessTest& test, Command command) {
  const Found found = run(test, std::move(command));
  CHECK_FALSE(found.end.status);
  return found.end.error.message();
}

TEST_CASE("a process leads its own group and dies with us") {
  ProcessTest test;
  CHECK(run(test, test.probe({"group", "death-signal"})).out == "leader\n9\n");
}

TEST_CASE("a process gets three descriptors, whatever is open here") {
  ProcessTest test;
  const int inherited = ::dup(0);  // not CLOEXEC
  const int high = ::fcntl(0, F_DUPFD, 700);
  CHECK(run(test, test.probe({"descriptors"})).out == "0 1 2\n");
  Command merged = test.probe({"descriptors"});
  merged.output = Command::Output::merged;
  CHECK(run(test, std::move(merged)).out == "0 1 2\n");
  ::close(inherited);
  ::close(high);
}

// Hazard: a child that shares our table of descriptors must not change it.
TEST_CASE("a process is the same when we have very many descriptors") {
  ProcessTest test;
  const int before = open_descriptors();
  std::vector<UniqueFd> many;
  for (int i = 0; i < 800; ++i) many.emplace_back(::fcntl(0, F_DUPFD_CLOEXEC, 3));
  for (int i = 0; i < 20; ++i) {
    Kept kept;
    const ProcessEnd end =
        test.run(test.probe({"out", "a", "err", "b", "descriptors", "group"}), kept);
    CHECK(end.status == ExitStatus::exited(0));
    CHECK(end.notices.empty());
    CHECK(kept.out == "a\n0 1 2\nleader\n");
    CHECK(kept.err == "b\n");
  }
  CHECK(error_of(test, test.command({"/etc/passwd"})) == "exec '/etc/passwd': Permission denied");
  many.clear();
  CHECK(open_descriptors() <= before + 1);  // /dev/null is opened once
}

// Hazard: a pipe's end may get number 0, 1 or 2 and be overwritten before it is used.
TEST_CASE("a process gets its output pipes when our own standard descriptors are closed") {
  ProcessTest test;
  int saved[3];
  for (int fd = 0; fd < 3; ++fd) saved[fd] = ::fcntl(fd, F_DUPFD_CLOEXEC, 100);
  for (int fd = 0; fd < 3; ++fd) ::close(fd);
  Kept kept;
  const ProcessEnd end = test.run(test.probe({"out", "a", "err", "b", "descriptors"}), kept);
  for (int fd = 0; fd < 3; ++fd) {
    ::dup2(saved[fd], fd);
    ::close(saved[fd]);
  }
  CHECK(end.status == ExitStatus::exited(0));
  CHECK(kept.out == "a\n0 1 2\n");
  CHECK(kept.err == "b\n");
}

TEST_CASE("no signal is blocked or caught in a process; what we ignore it ignores, but SIGPIPE") {
  ProcessTest test;
  sigset_t blocked;
  sigset_t before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
  const auto pipe_before = ::signal(SIGPIPE, SIG_IGN);
  const auto hup_before = ::signal(SIGHUP, SIG_IGN);
  const std::string out = run(test, test.probe({"signals"})).out;
  ::signal(SIGHUP, hup_before);
  ::signal(SIGPIPE, pipe_before);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  CHECK(out == "ignored 1\n");
  CHECK(run(test, test.probe({"signals"})).out == "");
}

TEST_CASE("a process sees its environment and nothing else") {
  ProcessTest test;
  Command command = test.command({"env"});
  command.own_env = {"A=1", "B=with = and\nnewline"};
  CHECK(run(test, std::move(command)).out ==
        "PATH=/usr/bin:/bin\nLANG=C.UTF-8\nA=1\nB=with = and\nnewline\n");
}

TEST_CASE("a process starts in its folder, and relative names count from there") {
  ProcessTest test;
  const Folder folder;
  folder.file("tool", "#!/bin/sh\npwd\n");
  Command command = test.command({"./tool"});
  command.dir = folder.path;
  CHECK(run(test, std::move(command)).out == folder.path.string() + "\n");
}

TEST_CASE("a program is looked for in PATH as execvp does") {
  ProcessTest test;
  const Folder first;
  const Folder second;
  first.file("tool", "#!/bin/sh\necho no\n", fs::perms::owner_read);
  fs::create_directory(first.path / "folder");
  second.file("tool", "#!/bin/sh\necho second\n");
  const auto with_path = [&](std::vector<std::string> argv, const std::string& path) {
    Command command = test.command(std::move(argv));
    command.env =
        std::make_shared<const std::vector<std::string>>(std::vector<std::string>{"PATH=" + path});
    return command;
  };
  const std::string one = first.path.string();
  const std::string two = second.path.string();
  CHECK(run(test, with_path({"tool"}, one + ":" + two + ":/bin")).out == "second\n");
  CHECK(error_of(test, with_path({"tool"}, one)) == "exec 'tool': Permission denied");
  CHECK(error_of(test, with_path({"folder"}, one)) == "exec 'folder': Permission denied");
  CHECK(error_of(test, with_path({"nosuch"}, one + ":" + two)) ==
        "exec 'nosuch': No such file or directory");
  CHECK(error_of(test, with_path({""}, "/bin")) == "exec '': No such file or directory");

  Command relative = with_path({"tool"}, "/nowhere::");
  relative.dir = two;
  CHECK(run(test, std::move(relative)).out == "second\n");
  Command elsewhere = with_path({"tool"}, "/nowhere::");
  elsewhere.dir = "/";
  CHECK(error_of(test, std::move(elsewhere)) == "exec 'tool': No such file or directory");

  const Folder third;
  third.file("self", "#!/bin/sh\necho \"$0\"\n");
  Command in_folder = with_path({"self"}, "/nowhere::");
  in_folder.dir = third.path;
  CHECK(run(test, std::move(in_folder)).out == "self\n");
}

TEST_CASE("a program is looked for anew each time: another one may have come before it") {
  ProcessTest test;
  const Folder first;
  const Folder second;
  second.file("tool", "#!/bin/sh\necho second\n");
  const auto tool = [&] {
    Command command = test.command({"tool"});
    command.env = std::make_shared<const std::vector<std::string>>(std::vector<std::string>{
        "PATH=" + first.path.string() + ":" + second.path.string() + ":/bin"});
    return run(test, std::move(command)).out;
  };
  CHECK(tool() == "second\n");
  first.file("tool", "#!/bin/sh\necho first\n");
  CHECK(tool() == "first\n");
  fs::remove(first.path / "tool");
  CHECK(tool() == "second\n");
}

TEST_CASE("errors say what could not be executed, and why") {
  ProcessTest test;
  CHECK(error_of(test, test.command({"nosuch"})) == "exec 'nosuch': No such file or directory");
  CHECK(error_of(test, test.command({"./nosuch"})) == "exec './nosuch': No such file or directory");
  CHECK(error_of(test, test.command({"/etc/passwd"})) == "exec '/etc/passwd': Permission denied");
  CHECK(error_of(test, test.command({"/etc"})) == "exec '/etc': Permission denied");
  CHECK(error_of(test, test.command({"true", std::string(3 * 1024 * 1024, 'x')})) ==
        "exec 'true': Argument list too long");
  Command missing = test.command({"true"});
  missing.dir = "no/such";
  CHECK(error_of(test, std::move(missing)) == "chdir 'no/such': No such file or directory");
  Command file = test.command({"true"});
  file.dir = "/etc/passwd";
  CHECK(error_of(test, std::move(file)) == "chdir '/etc/passwd': Not a directory");
}

TEST_CASE("a script without #! is run by sh, a foreign binary is not") {
  ProcessTest test;
  const Folder folder;
  const std::string script = folder.file("script", "echo \"$0 $1 $#\"; exit 6\n");
  const Found found = run(test, test.command({script, "a b"}));
  CHECK(found.out == script + " a b 1\n");
  CHECK(found.end.status == ExitStatus::exited(6));
  CHECK(run(test, test.command({folder.file("empty", "")})).end.status == ExitStatus::exited(0));
  const std::string binary = folder.file("binary", std::string("\x7f"
                                                               "ELF\0\0\0\0",
                                                               8));
  CHECK(error_of(test, test.command({binary})) == "exec '" + binary + "': Exec format error");
}

TEST_CASE("[P30] a program that is being written is tried again for a moment") {
  ProcessTest test;
  const Folder folder;
  const std::string path = folder.path / "probe";
  fs::copy_file(ERRAND_PROBE, path);
  UniqueFd writer(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  CHECK(error_of(test, test.command({path, "out", "x"})) == "exec '" + path + "': Text file busy");
  Timer close_it(test.runtime(), [&] { writer.reset(); });
  close_it.set_after(3ms);
  CHECK(run(test, test.command({path, "out", "x"})).out == "x\n");
}

#if !defined(__has_feature) || \
    !(__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
// The sanitizers need descriptors of their own for some checks. Each of the four starts is retried
// for the 5 seconds of SpawnQueue::kPatience.
TEST_CASE("too few descriptors is an error that says so, and leaves none open", "[long:40]") {
  ProcessTest test;
  Kept warm;
  test.run(test.probe({"exit", "0"}), warm);  // what is opened once is open now
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const int open_before = open_descriptors();
  for (int more = 0; more < 4; ++more) {
    const UniqueFd lowest(::dup(0));
    const rlimit limit{static_cast<rlim_t>(lowest.get() + 1 + more), before.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &limit);
    Kept kept;
    const ProcessEnd end = test.run(test.probe({"exit", "0"}), kept);
    ::setrlimit(RLIMIT_NOFILE, &before);
    CHECK_FALSE(end.status);
    CHECK(end.error.message() == "pipe2: Too many open files");
  }
  CHECK(open_descriptors() == open_before);
}
#endif

}  // namespace
}  // namespace errand::test
