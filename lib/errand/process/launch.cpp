// SPDX-License-Identifier: Apache-2.0
//
// How a LiveProcess begins: its descriptors, then the child, then the hooks.
#include <fcntl.h>
#include <sys/resource.h>

#include <cerrno>
#include <utility>

#include "errand/process/live_process.h"

namespace errand::detail {
namespace {

void point_to(const std::vector<std::string>& strings, std::vector<char*>& pointers) {
  for (const std::string& text : strings) pointers.push_back(const_cast<char*>(text.c_str()));
}

}  // namespace

Error LiveProcess::start(const std::string& path, const std::vector<std::string>& argv,
                         const Command& command) {
  SpawnRequest request;
  Result<UniqueFd> input = open_input(command, request);
  if (!input) return input.error();
  UniqueFd write_ends[2];
  if (Error error = open_output(command, request, write_ends)) return error;
  request.descriptors[3] = command.extra[0];
  request.descriptors[4] = command.extra[1];
  add_extras(command, request);

  pointers_.reserve(argv.size() + 1 + command.env->size() + command.own_env.size() + 1);
  point_to(argv, pointers_);
  pointers_.push_back(nullptr);
  point_to(*command.env, pointers_);
  point_to(command.own_env, pointers_);
  pointers_.push_back(nullptr);
  request.path = path.c_str();
  request.argv = pointers_.data();
  request.envp = pointers_.data() + argv.size() + 1;
  request.dir = command.dir.empty() ? nullptr : command.dir.c_str();
  request.failure = &failure_;

  const Result<pid_t> pid = reaper_.start(request, *this);
  if (!pid) return pid.error();
  pid_ = *pid;
  leader_alive_ = true;
  exit_expected_ = command.ends_by_itself;
  if (exit_expected_) reaper_.spawn_queue().expect_exit();
  if (loan_) reaper_.watch_stops(pid_, *this);
  if (out_) out_->resume();
  if (err_) err_->resume();
  on_cancel_.emplace(context_, [this] { stop(context_.cause()); });
  on_force_stop_.emplace(force_stop_, [this] { force_stop(); });
  return {};
}

Result<UniqueFd> LiveProcess::open_input(const Command& command, SpawnRequest& request) const {
  switch (command.input) {
    case Command::Input::inherit:
      return UniqueFd();
    case Command::Input::null: {
      const Result<int> device = reaper_.null_device();
      if (!device) return std::unexpected(device.error());
      request.descriptors[0] = *device;
      return UniqueFd();
    }
    case Command::Input::file:
      break;
  }
  const bool relative = !command.input_path.starts_with('/') && !command.dir.empty();
  const std::string path = relative ? command.dir + "/" + command.input_path : command.input_path;
  // Without O_NONBLOCK a named pipe that nobody writes to would hold all of errand up.
  UniqueFd input(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!input) return std::unexpected(Error::system("open '" + command.input_path + "'", errno));
  ::fcntl(input.get(), F_SETFL, 0);
  if (Error error = move_above_stdio(input)) return std::unexpected(std::move(error));
  request.descriptors[0] = input.get();
  return input;
}

Error LiveProcess::open_output(const Command& command, SpawnRequest& request, UniqueFd (&ends)[2]) {
  switch (command.output) {
    case Command::Output::inherit:
      return {};
    case Command::Output::discard: {
      const Result<int> device = reaper_.null_device();
      if (!device) return device.error();
      request.descriptors[1] = request.descriptors[2] = *device;
      return {};
    }
    case Command::Output::terminal:
      end_.no_terminal = open_terminal(command, request, ends[0]);
      return end_.no_terminal ? open_pipes(true, request, ends) : Error();
    case Command::Output::merged:
    case Command::Output::separate:
      break;
  }
  return open_pipes(command.output == Command::Output::merged, request, ends);
}

Error LiveProcess::open_pipes(bool merged, SpawnRequest& request, UniqueFd (&write_ends)[2]) {
  for (int i = 0; i < (merged ? 1 : 2); ++i) {
    Result<Pipe> pipe = make_pipe();
    if (!pipe) return pipe.error();
    if (pipe->write_end.get() >= reaper_.descriptors_max()) return Error::system("pipe2", EMFILE);
    if (Error error = read_from(std::move(pipe->read_end), i == 0 ? out_ : err_)) return error;
    write_ends[i] = std::move(pipe->write_end);
    request.descriptors[i + 1] = write_ends[i].get();
  }
  if (merged) request.descriptors[2] = request.descriptors[1];
  return {};
}

Error LiveProcess::open_terminal(const Command& command, SpawnRequest& request, UniqueFd& end) {
  const bool reads = command.input == Command::Input::null;
  Result<Terminal> terminal = make_terminal(reads);
  if (!terminal) return terminal.error();
  if (Error error = read_from(std::move(terminal->ours), out_)) return error;
  end = std::move(terminal->theirs);
  terminal_ = std::move(terminal->name);
  request.descriptors[1] = request.descriptors[2] = end.get();
  if (reads) request.descriptors[0] = end.get();
  extras().spawn.own_terminal = true;
  return {};
}

Error LiveProcess::read_from(UniqueFd end, std::optional<PipeReader>& reader) {
  reader.emplace(reaper_.runtime().executor(),
                 &reader == &out_ ? OutputStream::out : OutputStream::err, reaper_.read_buffer(),
                 static_cast<PipeReader::Owner&>(*this));
  Error error = reader->attach(std::move(end));
  if (error) reader.reset();
  return error;
}

LiveProcess::Extras& LiveProcess::extras() {
  if (!extras_) extras_ = std::make_unique<Extras>();
  return *extras_;
}

void LiveProcess::add_extras(const Command& command, SpawnRequest& request) {
  if (command.nice) {
    extras().spawn.has_nice = true;
    extras().spawn.nice = *command.nice;
  }
  for (const Command::Limit& limit : command.limits) {
    const std::uint64_t value = limit.value.value_or(RLIM_INFINITY);
    extras().limits.push_back({limit.resource, value, value});
  }
  if (command.foreground) loan_ = ForegroundLoan::offer();
  if (loan_) extras().spawn.foreground_of = loan_->descriptor();
  if (!extras_) return;
  extras_->spawn.limits = extras_->limits.data();
  extras_->spawn.limit_count = extras_->limits.size();
  request.extras = &extras_->spawn;
}

}  // namespace errand::detail
