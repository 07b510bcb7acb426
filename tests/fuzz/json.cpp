// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <nlohmann/json.hpp>

#include "errand/plan/edit/graph.h"
#include "errand/taskfile/syntax/json_reader.h"
#include "fuzz/check.h"
#include "fuzz/targets.h"
#include "taskfile/read_support.h"

namespace errand::fuzz {
namespace {

using namespace task_file;

constexpr std::size_t kYamlKeyBytesMax = 1000;  // libyaml's limit is 1024, with quotes and escapes

// YAML 1.2 has all of JSON in it but for what libyaml and the byte checks leave out.
bool is_yaml_too(const Document& document) {
  return std::ranges::all_of(document.nodes(), [](const Node& node) {
    return node.text.size() <= kYamlKeyBytesMax && std::ranges::all_of(node.text, [](char c) {
             return c >= ' ' && c <= '~' && c != '\\' && c != '"';
           });
  });
}

void check_printed(std::string_view text, const Plan& plan) {
  const Source source(text);
  ProblemList problems(source);
  Document document(source.text());
  promise(read_json(source, document, problems), "what is a plan is a document");
  const std::string printed = print_json(document);
  const ReadOptions options = read_options();
  promise(fingerprint(must_read(printed, Format::json, options)) == fingerprint(plan),
          "JSON printed again reads to the same");
  if (!is_yaml_too(document)) return;
  promise(fingerprint(must_read(printed, Format::yaml, options)) == fingerprint(plan),
          "JSON read as YAML is the same");
}

}  // namespace

void json(std::string_view text) {
  const auto plan = read_plan(text, Format::json, read_options());
  if (!plan) return check_problems(plan.error(), text);
  check_plan(*plan);
  promise(nlohmann::json::accept(graph_as_json(*plan)), "a graph is JSON");
  check_printed(text, *plan);
}

}  // namespace errand::fuzz
