// SPDX-License-Identifier: Apache-2.0
//
// The texts of options and what they mean. Errors say what is wrong with a text, and what to write.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cmd/cli/invocation.h"
#include "errand/base/result.h"

namespace errand::cmd {

Error not_available(const std::string& what);

// The value of -n in exec.
Result<std::size_t> read_values_max(const std::string& text);
Result<Duration> read_positive(const std::string& text);
Result<Mode> read_mode(const std::string& text);
Result<std::optional<OutputMode>> read_output(const std::string& text);  // none: auto
Result<ColorChoice> read_color(const std::string& text);
Result<ProgressChoice> read_progress(const std::string& text);
Result<std::optional<CiSystem>> read_ci(const std::string& text);  // none: as the environment says
// None: text.
Result<std::optional<ReportKind>> read_report_format(const std::string& text);
std::string_view name_of(ReportKind kind);  // "json"
Result<ReportRequest> read_report(const std::string& text);
Result<std::string> read_log_file(const std::string& text);
Result<std::string> read_job_log(const std::string& text);
Result<std::string> read_results(const std::string& text);
Result<std::pair<std::string, std::string>> read_pair(const std::string& text);  // "NAME=VALUE"
Result<std::vector<std::string>> read_shell(const std::string& text);
Result<LoadLimit> read_load(const std::string& text);
Result<unsigned> read_count(const std::string& text);
Result<GraphFormat> read_graph_format(const std::string& text);
Result<int> read_nice(const std::string& text);
Result<std::uint64_t> read_seed(const std::string& text);

}  // namespace errand::cmd
