// SPDX-License-Identifier: Apache-2.0
#include "simulation/task_tree.h"

#include <rapidcheck/seq/Create.h>
#include <rapidcheck/shrinkable/Create.h>

#include <array>
#include <utility>

#include "simulation/draw.h"

namespace errand::simulation {
namespace {

constexpr unsigned kDepthMax = 3;
constexpr std::size_t kNodesMax = 24;

// ---- random trees

class Planter {
 public:
  explicit Planter(const rc::Random& random) : draw_(random) {
    // Those who share a semaphore must meet to get into each other's way.
    favorite_ = draw_.chance(50) ? Work::sleep : some_work();
  }

  Node group(unsigned depth) {
    Node node;
    node.work = Work::group;
    shape(node);
    const std::size_t most = depth == 0 ? 7 : 4;
    for (std::size_t i = draw_.below(most + 1); i > 0 && nodes_ < kNodesMax; --i) {
      node.children.push_back(child(depth + 1));
    }
    return node;
  }

 private:
  Node child(unsigned depth) {
    ++nodes_;
    Node node = depth < kDepthMax && draw_.chance(25) ? group(depth) : leaf(depth);
    node.start = draw_.chance(60) ? Start::go : draw_.one_of({Start::go_wait, Start::try_go});
    if (draw_.chance(50)) node.before = draw_.ticks(0, 3);
    return node;
  }

  Node leaf(unsigned depth) {
    Node node;
    node.work = draw_.chance(40) ? favorite_ : draw_.chance(40) ? Work::sleep : some_work();
    node.takes = draw_.ticks(0, 4);
    if (draw_.chance(30)) node.end = some_end();
    if (draw_.chance(25)) node.lingers = draw_.ticks(1, 4);
    node.spoilt = static_cast<unsigned>(draw_.below(4));
    node.weight = static_cast<unsigned>(draw_.between(0, 3));
    for (std::size_t i = draw_.chance(15) ? draw_.between(1, 2) : 0; i > 0; --i) {
      node.children.push_back(sibling(depth));
    }
    return node;
  }

  // A child cannot wait for a slot of the group that it fills.
  Node sibling(unsigned depth) {
    Node node = child(depth);
    if (node.start == Start::go_wait) node.start = Start::go;
    return node;
  }

  Work some_work() {
    return draw_.one_of(
        {Work::follow, Work::semaphore, Work::retry, Work::hedge, Work::all, Work::any});
  }

  End some_end() {
    return draw_.one_of(
        {End::fail, End::fail, End::fail, End::pretend, End::raise, End::raise_at_once});
  }

  void shape(Node& node) {
    if (draw_.chance(60)) node.limit = draw_.chance(4) ? 0 : draw_.between(1, 3);
    if (draw_.chance(10)) node.new_limit = draw_.between(1, 3);
    if (draw_.chance(40)) node.on_failure = OnFailure::keep_going;
    node.report = draw_.one_of({Report::first, Report::all, Report::all, Report::none});
    node.skip_queued = draw_.chance(40);
    node.keep_outcomes = draw_.chance(20);
    node.scoped = draw_.chance(25);
    if (node.scoped && draw_.chance(30)) node.end = draw_.one_of({End::fail, End::raise});
    node.patient = draw_.chance(40);
    if (draw_.chance(15)) node.stop_after = draw_.between(1, 3);
    node.timeout = draw_.maybe_ticks(25, 0, 6);
    node.timeout_around = draw_.maybe_ticks(15, 0, 6);
    node.cancel_after = draw_.maybe_ticks(20, 0, 6);
    node.cancel_around_after = draw_.maybe_ticks(15, 0, 6);
  }

  Draw draw_;
  Work favorite_;
  std::size_t nodes_ = 0;
};

// ---- smaller trees

template <class T>
void simplify(std::vector<Node>& smaller, const Node& node, T Node::* field) {
  const T plain = Node().*field;
  if (node.*field == plain) return;
  smaller.push_back(node);
  smaller.back().*field = plain;
}

template <class... Fields>
void simplify_all(std::vector<Node>& smaller, const Node& node, Fields... fields) {
  (simplify(smaller, node, fields), ...);
}

std::vector<Node> smaller_trees(const Node& node) {
  std::vector<Node> smaller;
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    smaller.push_back(node);
    smaller.back().children.erase(smaller.back().children.begin() + static_cast<std::ptrdiff_t>(i));
  }
  for (const Node& child : node.children) {
    if (child.work == Work::group) smaller.push_back(child);
  }
  if (node.work != Work::group) simplify(smaller, node, &Node::work);
  simplify_all(smaller, node, &Node::timeout, &Node::timeout_around, &Node::cancel_after,
               &Node::cancel_around_after, &Node::stop_after, &Node::scoped, &Node::patient,
               &Node::limit, &Node::new_limit, &Node::skip_queued, &Node::keep_outcomes,
               &Node::on_failure, &Node::report, &Node::start, &Node::end, &Node::lingers,
               &Node::before, &Node::takes, &Node::spoilt, &Node::weight);
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    for (Node& child : smaller_trees(node.children[i])) {
      if (child.work == Work::group && node.children[i].work != Work::group) continue;
      smaller.push_back(node);
      if (child.start == Start::go_wait) child.start = node.children[i].start;
      smaller.back().children[i] = std::move(child);
    }
  }
  return smaller;
}

unsigned set_numbers(Node& node, unsigned next) {
  node.number = next++;
  for (Node& child : node.children) next = set_numbers(child, next);
  return next;
}

Node numbered(Node root) {
  set_numbers(root, 0);
  return root;
}

// ---- text

std::string_view name(Work work) {
  return std::array{"sleep", "follow", "semaphore", "retry", "hedge", "all", "any", "group"}
      [static_cast<std::size_t>(work)];
}
std::string_view name(Start start) {
  return std::array{"go", "go_wait", "try_go"}[static_cast<std::size_t>(start)];
}
std::string_view name(End end) {
  return std::array{"succeeds", "fails", "pretends", "raises",
                    "raises at once"}[static_cast<std::size_t>(end)];
}

class Describer {
 public:
  std::string text;

  void add(const Node& node, const std::string& indent) {
    text += indent + std::to_string(node.number) + ": ";
    text.append(name(node.start)).append(" ").append(name(node.work));
    if (node.before > Duration::zero()) with("after", node.before);
    if (node.work == Work::group) {
      add_shape(node);
    } else {
      with("takes", node.takes);
      if (node.lingers > Duration::zero()) with("lingers", node.lingers);
      if (node.work >= Work::retry) text += ", spoilt " + std::to_string(node.spoilt);
      if (node.work == Work::semaphore) text += ", weight " + std::to_string(node.weight);
    }
    text.append(", ").append(name(node.end)) += "\n";
    for (const Node& child : node.children) add(child, indent + "  ");
  }

 private:
  void with(std::string_view what, const Duration& time) {
    text.append(", ").append(what).append(" ") += format_duration(time);
  }
  void with(std::string_view what, const std::optional<Duration>& time) {
    if (time) with(what, *time);
  }
  void with(std::string_view what, const std::optional<std::size_t>& number) {
    if (number) text.append(", ").append(what).append(" ") += std::to_string(*number);
  }
  void with(std::string_view what, bool is) {
    if (is) text.append(", ").append(what);
  }
  void add_shape(const Node& node) {
    with("limit", node.limit);
    with("new_limit", node.new_limit);
    with("keep_going", node.on_failure == OnFailure::keep_going);
    with("report all", node.report == Report::all);
    with("report none", node.report == Report::none);
    with("skip_queued", node.skip_queued);
    with("keep_outcomes", node.keep_outcomes);
    with("scoped", node.scoped);
    with("patient", node.patient);
    with("stop_after", node.stop_after);
    with("timeout", node.timeout);
    with("timeout_around", node.timeout_around);
    with("cancel_after", node.cancel_after);
    with("cancel_around_after", node.cancel_around_after);
  }
};

}  // namespace

rc::Gen<Node> task_trees() {
  return [](const rc::Random& random, int) {
    const auto smaller = [](const Node& root) {
      std::vector<Node> trees = smaller_trees(root);
      for (Node& tree : trees) tree = numbered(std::move(tree));
      return rc::seq::fromContainer(std::move(trees));
    };
    return rc::shrinkable::shrinkRecur(numbered(Planter(random).group(0)), smaller);
  };
}

std::string describe(const Node& root) {
  Describer describer;
  describer.add(root, "  ");
  return "tree:\n" + describer.text;
}

}  // namespace errand::simulation
