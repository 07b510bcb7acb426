// SPDX-License-Identifier: Apache-2.0
//
// How a LiveProcess begins: pipes, then the child, then the hooks.
#include <fcntl.h>

#include <cerrno>
#include <utility>

#include "errand/process/detail/live_process.h"

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
  if (Error error = open_pipes(command, request, write_ends)) return error;

  argv_.reserve(argv.size() + 1);
  point_to(argv, argv_);
  argv_.push_back(nullptr);
  envp_.reserve(command.env->size() + command.own_env.size() + 1);
  point_to(*command.env, envp_);
  point_to(command.own_env, envp_);
  envp_.push_back(nullptr);
  request.path = path.c_str();
  request.argv = argv_.data();
  request.envp = envp_.data();
  request.dir = command.dir.empty() ? nullptr : command.dir.c_str();
  request.failure = &failure_;

  const Result<pid_t> pid = reaper_.start(request, *this);
  if (!pid) return pid.error();
  pid_ = *pid;
  leader_alive_ = true;
  if (out_) out_->resume();
  if (err_) err_->resume();
  on_cancel_.emplace(context_, [this] { stop(context_.cause()); });
  on_hurry_.emplace(hurry_, [this] { hurry(); });
  return {};
}

Result<UniqueFd> LiveProcess::open_input(const Command& command, SpawnRequest& request) const {
  switch (command.input) {
    case Command::Input::inherit:
      return UniqueFd();
    case Command::Input::null: {
      const Result<int> device = reaper_.null_device();
      if (!device) return std::unexpected(device.error());
      request.stdio[0] = *device;
      return UniqueFd();
    }
    case Command::Input::file:
      break;
  }
  const bool relative = !command.input_path.starts_with('/') && !command.dir.empty();
  const std::string path = relative ? command.dir + "/" + command.input_path : command.input_path;
  UniqueFd input(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!input) return std::unexpected(Error::system("open '" + command.input_path + "'", errno));
  if (Error error = move_above_stdio(input)) return std::unexpected(std::move(error));
  request.stdio[0] = input.get();
  return input;
}

Error LiveProcess::open_pipes(const Command& command, SpawnRequest& request,
                              UniqueFd (&write_ends)[2]) {
  if (command.output == Command::Output::inherit) return {};
  const bool merged = command.output == Command::Output::merged;
  for (int i = 0; i < (merged ? 1 : 2); ++i) {
    Result<Pipe> pipe = make_pipe();
    if (!pipe) return pipe.error();
    std::optional<PipeReader>& reader = i == 0 ? out_ : err_;
    reader.emplace(reaper_.runtime().executor(), i == 0 ? OutputStream::out : OutputStream::err,
                   reaper_.read_buffer(), static_cast<PipeReader::Owner&>(*this));
    if (Error error = reader->attach(std::move(pipe->read_end))) return error;
    write_ends[i] = std::move(pipe->write_end);
    request.stdio[i + 1] = write_ends[i].get();
  }
  if (merged) request.stdio[2] = request.stdio[1];
  return {};
}

}  // namespace errand::detail
