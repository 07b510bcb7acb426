// SPDX-License-Identifier: Apache-2.0
#include "errand/plan/edit/graph.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "errand/base/quoted_text.h"

namespace errand {
namespace {

using task_file::escape;

std::string shown(const ShowText& show, std::string_view text) {
  return show ? show(text) : std::string(text);
}

bool runs_last(const Task& task) { return task.policy->when != When::on_success; }

// What the picture says below the name.
std::vector<std::string> marks_of(const Task& task) {
  std::vector<std::string> marks;
  if (task.is_group && task.mode != Mode::errgroup) marks.emplace_back(to_string(task.mode));
  if (task.policy->service) marks.emplace_back("service");
  if (runs_last(task)) marks.emplace_back(to_string(task.policy->when));
  if (!task.excluded.empty()) marks.emplace_back("excluded");
  return marks;
}

std::string id_of(TaskId id) { return "t" + std::to_string(id); }

// Both formats are trees of blocks, and then the arrows.
class GraphPrinter {
 public:
  GraphPrinter(const Plan& plan, const ShowText& show) : plan_(plan), show_(show) {}

 protected:
  ~GraphPrinter() = default;

  // The name and the marks, each made fit for the format by `fit`, joined by its line break.
  template <class Fit>
  std::string label_of(const Task& task, std::string_view line_break, Fit fit) const {
    std::string label = fit(escape(shown(show_, task.name)));
    for (const std::string& mark : marks_of(task)) {
      label += line_break;
      label += '(' + fit(mark) + ')';
    }
    return label;
  }

  void line(std::size_t depth, std::string_view text) {
    text_.append(2 * depth, ' ');
    text_ += text;
    text_ += '\n';
  }

  const Plan& plan_;
  const ShowText& show_;
  std::string text_;
};

// Inside double quotes, where "&lt;" and the like would be characters, and "\N" the node's name.
std::string fit_dot(std::string_view text) {
  std::string fit;
  for (const char c : text) {
    if (c == '&') {
      fit += "&amp;";
    } else {
      if (c == '"' || c == '\\') fit += '\\';
      fit += c;
    }
  }
  return fit;
}

class DotPrinter : private GraphPrinter {
 public:
  using GraphPrinter::GraphPrinter;

  std::string draw() {
    line(0, "digraph \"" + fit_dot(escape(shown(show_, plan_.root().name))) + "\" {");
    line(1, "graph [compound=true, rankdir=LR];");
    line(1, "node [shape=box];");
    for (const TaskId child : plan_.root().children) draw_task(plan_.task(child), 1);
    for (const Task& task : plan_.tasks()) {
      for (const Need& need : task.needs) draw_need(task, need);
    }
    line(0, "}");
    return std::move(text_);
  }

 private:
  void draw_task(const Task& task, std::size_t depth) {
    if (task.is_group) return draw_group(task, depth);
    std::string attributes = "label=\"" + label_of(task, "\\n", fit_dot) + "\"";
    if (const std::string tip = tip_of(task); !tip.empty()) {
      attributes += ", tooltip=\"" + tip + "\"";
    }
    if (task.policy->service) attributes += ", shape=component";
    if (const std::string style = style_of(task); !style.empty()) {
      attributes += ", style=\"" + style + "\"";
    }
    line(depth, id_of(task.id) + " [" + attributes + colored(task, ", ") + "];");
  }

  // An arrow cannot end at a cluster: it ends at a point inside and is cut off at the edge. What a
  // cluster leaves unsaid it would take over from the one around it.
  void draw_group(const Task& group, std::size_t depth) {
    line(depth, "subgraph cluster_" + id_of(group.id) + " {");
    line(depth + 1, "graph [label=\"" + label_of(group, "\\n", fit_dot) + "\", tooltip=\"" +
                        tip_of(group) + "\", style=\"" + style_of(group) + "\"" +
                        colored(group, ", ") + "];");
    line(depth + 1, id_of(group.id) + " [shape=point, style=invis];");
    for (const TaskId child : group.children) draw_task(plan_.task(child), depth + 1);
    line(depth, "}");
  }

  std::string tip_of(const Task& task) const {
    std::string tip = escape(shown(show_, task.description));
    if (!task.excluded.empty()) {
      tip += (tip.empty() ? "" : ". ") + ("excluded: " + escape(shown(show_, task.excluded)));
    }
    return fit_dot(tip);
  }

  static std::string style_of(const Task& task) {
    std::string style = runs_last(task) ? "rounded" : "";
    if (!task.excluded.empty()) style += style.empty() ? "dashed" : ",dashed";
    return style;
  }

  static std::string colored(const Task& task, std::string_view before) {
    if (task.excluded.empty()) return {};
    return std::string(before) + "color=gray, fontcolor=gray";
  }

  void draw_need(const Task& task, const Need& need) {
    std::vector<std::string> attributes;
    if (need.condition != Condition::success) {
      attributes.push_back("label=" + std::string(to_string(need.condition)));
    }
    if (plan_.task(need.task).is_group) {
      attributes.push_back("ltail=cluster_" + id_of(need.task));
    }
    if (task.is_group) attributes.push_back("lhead=cluster_" + id_of(task.id));
    std::string text = id_of(need.task) + " -> " + id_of(task.id);
    for (std::size_t i = 0; i < attributes.size(); ++i) {
      text += (i == 0 ? " [" : ", ") + attributes[i];
    }
    line(1, text + (attributes.empty() ? ";" : "];"));
  }
};

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         (c & 0x80) != 0;
}

bool means_itself(std::string_view text, std::size_t at) {
  const char c = text[at];
  if (is_word(c)) return true;
  if (c == '_') {  // else emphasis
    return at > 0 && is_word(text[at - 1]) && at + 1 < text.size() && is_word(text[at + 1]);
  }
  if (std::string_view("-.+)").find(c) != std::string_view::npos) {  // else an item of a list
    return text.substr(0, at).find_first_not_of(" 0123456789") != std::string_view::npos;
  }
  return std::string_view(" ,/(=@'").find(c) != std::string_view::npos;
}

// Inside double quotes. Mermaid looks for quotes, comments, directives, Markdown, HTML and its own
// entities in them, so every sign that is not known to be harmless there becomes an entity.
std::string fit_mermaid(std::string_view text) {
  std::string fit;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (means_itself(text, i)) {
      fit += text[i];
    } else {
      fit += '#' + std::to_string(static_cast<int>(text[i])) + ';';
    }
  }
  return fit;
}

class MermaidPrinter : private GraphPrinter {
 public:
  using GraphPrinter::GraphPrinter;

  std::string draw() {
    line(0, "flowchart LR");
    for (const TaskId child : plan_.root().children) draw_task(plan_.task(child), 1);
    for (const Task& task : plan_.tasks()) {
      for (const Need& need : task.needs) draw_need(task, need);
    }
    draw_excluded();
    return std::move(text_);
  }

 private:
  void draw_task(const Task& task, std::size_t depth) {
    const std::string label = '"' + label_of(task, "<br/>", fit_mermaid) + '"';
    if (!task.is_group) return line(depth, id_of(task.id) + shaped(task, label));
    line(depth, "subgraph " + id_of(task.id) + "[" + label + "]");
    for (const TaskId child : task.children) draw_task(plan_.task(child), depth + 1);
    line(depth, "end");
  }

  static std::string shaped(const Task& task, const std::string& label) {
    if (task.policy->service) return "[[" + label + "]]";
    if (runs_last(task)) return "([" + label + "])";
    return "[" + label + "]";
  }

  void draw_need(const Task& task, const Need& need) {
    std::string arrow = " --> ";
    if (need.condition != Condition::success) {
      arrow = " -->|" + std::string(to_string(need.condition)) + "| ";
    }
    line(1, id_of(need.task) + arrow + id_of(task.id));
  }

  void draw_excluded() {
    std::string ids;
    for (const Task& task : plan_.tasks().subspan(1)) {
      if (task.excluded.empty()) continue;
      ids += (ids.empty() ? "" : ",") + id_of(task.id);
    }
    if (ids.empty()) return;
    line(1, "classDef excluded stroke-dasharray:5 5,color:gray");
    line(1, "class " + ids + " excluded");
  }
};

using Json = nlohmann::ordered_json;

Json needs_as_json(const Plan& plan, const Task& task, const ShowText& show) {
  Json needs = Json::array();
  for (const Need& need : task.needs) {
    needs.push_back({{"task", shown(show, plan.task(need.task).full_name)},
                     {"condition", to_string(need.condition)}});
  }
  return needs;
}

Json task_as_json(const Plan& plan, const Task& task, const ShowText& show) {
  Json json;
  json["name"] = shown(show, task.full_name);
  json["group"] = task.is_group;
  if (task.is_group) json["mode"] = to_string(task.mode);
  if (!task.description.empty()) json["description"] = shown(show, task.description);
  json["needs"] = needs_as_json(plan, task, show);
  if (task.policy->service) json["service"] = true;
  if (runs_last(task)) json["when"] = to_string(task.policy->when);
  if (!task.excluded.empty()) json["excluded"] = shown(show, task.excluded);
  return json;
}

}  // namespace

std::string graph_as_dot(const Plan& plan, const ShowText& show) {
  return DotPrinter(plan, show).draw();
}

std::string graph_as_mermaid(const Plan& plan, const ShowText& show) {
  return MermaidPrinter(plan, show).draw();
}

std::string graph_as_json(const Plan& plan, const ShowText& show) {
  Json tasks = Json::array();
  for (const Task& task : plan.tasks().subspan(1)) tasks.push_back(task_as_json(plan, task, show));
  const Json graph = {{"version", 1},
                      {"name", shown(show, plan.root().name)},
                      {"mode", to_string(plan.root().mode)},
                      {"tasks", std::move(tasks)}};
  return graph.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace errand
