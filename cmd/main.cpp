// SPDX-License-Identifier: Apache-2.0
#include <exception>
#include <string>
#include <system_error>

#include "cmd/cli/options.h"
#include "cmd/commands/commands.h"
#include "cmd/print.h"
#include "cmd/session/out_of_memory.h"
#include "cmd/session/signals.h"

using namespace errand;

namespace {

struct Perform {
  int operator()(const cmd::ImmediateExit& immediate) const {
    if (immediate.exit_status == 0) return cmd::print(immediate.text);
    cmd::print_errors({immediate.text});
    return immediate.exit_status;
  }
  int operator()(cmd::RunCommand& command) const { return cmd::run(std::move(command)); }
  int operator()(cmd::ExecCommand& command) const { return cmd::exec(std::move(command)); }
  int operator()(const cmd::CompletionCommand& command) const { return cmd::completion(command); }
  int operator()(const cmd::CheckCommand& command) const { return cmd::check(command); }
  int operator()(const cmd::ListCommand& command) const { return cmd::list(command); }
  int operator()(const cmd::GraphCommand& command) const { return cmd::graph(command); }
  int operator()(const cmd::ReportCommand& command) const { return cmd::report(command); }
  int operator()(const cmd::SchemaCommand&) const { return cmd::schema(); }
  int operator()(const cmd::ManCommand&) const { return cmd::man(); }
};

}  // namespace

int main(int argc, char** argv) {
  cmd::end_when_out_of_memory();
  cmd::prepare_process();
  try {
    cmd::Invocation invocation = cmd::read_command_line(argc, argv);
    return std::visit(Perform{}, invocation);
  } catch (const std::system_error& error) {  // mostly no descriptor for the event loop
    cmd::print_errors({std::string("errand: cannot go on: ") + error.what()});
    return cmd::kErrandFailed;
  } catch (const std::exception& exception) {
    cmd::print_errors({std::string("errand: ") + exception.what()});
    return cmd::kErrandFailed;
  }
}
