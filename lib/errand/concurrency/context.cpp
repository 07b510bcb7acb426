// SPDX-License-Identifier: Apache-2.0
#include "errand/concurrency/context.h"

#include <algorithm>
#include <asio/post.hpp>
#include <atomic>
#include <cstdint>
#include <vector>

#include "errand/concurrency/event.h"

namespace errand {
namespace detail {

// All fields but `done` are guarded by the runtime's mutex or never change after construction; err
// and cause never change once `done` is set.
struct ContextNode final : Link, TimerNode {
  enum class Kind : std::uint8_t { background, todo, derived };

  ContextNode(Runtime& owner, Kind node_kind) : runtime(owner), kind(node_kind) {}
  ContextNode(Runtime& owner, std::shared_ptr<ContextNode> above)
      : runtime(owner), kind(Kind::derived), parent(std::move(above)), deadline(parent->deadline) {}
  ~ContextNode();

  std::unique_lock<std::mutex> lock() const { return std::unique_lock(runtime.mutex_); }

  // Puts this node below its parent, or makes it done when the parent is.
  void join_parent_locked() {
    if (parent->done.load(std::memory_order_relaxed)) {
      end_locked(parent->err, parent->cause);
    } else if (parent->can_end) {
      parent->children.push_back(*this);
      ++runtime.registrations_;
    }
  }

  // This node only; what is below follows in cancel_locked.
  void end_locked(const Error& with_err, const Error& with_cause) {
    err = with_err;
    cause = with_cause;
    done.store(true, std::memory_order_release);
    runtime.cancel_timer_locked(*this);
    if (linked()) {
      unlink();
      --runtime.registrations_;
    }
    while (!hooks.empty()) {
      CancelHook& hook = hooks.pop_front();
      hook.waiting_ = false;
      runtime.fired_locked(hook);
    }
    if (stop_source) request_stop_locked();
  }

  // Later, on the loop: stop callbacks are foreign code and the lock is held.
  void request_stop_locked() {
    asio::post(runtime.executor_, [source = *stop_source]() mutable { source.request_stop(); });
  }

  // The whole subtree, parents first. Not recursive: chains may be long.
  void cancel_locked(const Error& with_err, const Error& with_cause) {
    if (done.load(std::memory_order_relaxed)) return;
    List<ContextNode> reached;
    end_locked(with_err, with_cause);
    reached.splice(children);
    while (!reached.empty()) {
      ContextNode& node = reached.front();
      node.end_locked(with_err, with_cause);
      reached.splice(node.children);
    }
  }

  void cancel(const Error& with_cause) {
    const std::lock_guard lock(runtime.mutex_);
    cancel_locked(Canceled, with_cause ? with_cause : Canceled);
  }

  void set_deadline_locked(TimePoint at, const Error& with_cause) {
    timeout_cause = with_cause ? with_cause : DeadlineExceeded;
    const bool parent_first = deadline && *deadline < at;
    if (!parent_first) deadline = at;
    if (done.load(std::memory_order_relaxed) || parent_first) return;
    if (at <= runtime.now()) {
      cancel_locked(DeadlineExceeded, timeout_cause);
    } else if (at != TimePoint::max()) {
      runtime.set_timer_locked(*this, at, TimerClass::deadline);
    }
  }

  void expire(std::unique_lock<std::mutex>&) override {
    cancel_locked(DeadlineExceeded, timeout_cause);
  }

  Runtime& runtime;
  const Kind kind;
  bool can_end = true;  // false: nothing at or above this node can be done
  std::atomic<bool> done = false;
  std::shared_ptr<ContextNode> parent;
  std::optional<TimePoint> deadline;
  Error err;
  Error cause;
  Error timeout_cause;
  const void* key = nullptr;
  std::shared_ptr<const void> value;
  List<ContextNode> children;
  List<CancelHook> hooks;
  // Bridges to std::stop_token, one in each direction; made when asked for.
  std::shared_ptr<void> stop_callback;
  std::optional<std::stop_source> stop_source;
};

ContextNode::~ContextNode() {
  stop_callback.reset();  // waits for a callback that runs on another thread
  {
    const std::lock_guard lock(runtime.mutex_);
    runtime.cancel_timer_locked(*this);
    if (linked()) {
      unlink();
      --runtime.registrations_;
    }
  }
  // A long chain of parents must not become a deep recursion.
  std::shared_ptr<ContextNode> above = std::move(parent);
  while (above && above.use_count() == 1) {
    // use_count() is a relaxed read; giving up a copy orders this after what another thread did
    // with the node before it gave up its own.
    std::shared_ptr<ContextNode>(above).reset();
    std::shared_ptr<ContextNode> next = std::move(above->parent);
    above = std::move(next);
  }
}

CancelHook::CancelHook(const Context& context, std::function<void()> call)
    : runtime_(context.runtime()), call_(std::move(call)) {
  const std::lock_guard lock(runtime_.mutex_);
  ++runtime_.registrations_;
  if (context.node_->done.load(std::memory_order_relaxed)) {
    waiting_ = false;
    runtime_.fired_locked(*this);
  } else {
    context.node_->hooks.push_back(*this);
  }
}

CancelHook::~CancelHook() {
  const std::lock_guard lock(runtime_.mutex_);
  if (!linked()) return;
  unlink();
  --runtime_.registrations_;
}

bool CancelHook::withdraw() {
  const std::lock_guard lock(runtime_.mutex_);
  if (!waiting_ || !linked()) return false;
  waiting_ = false;
  unlink();
  --runtime_.registrations_;
  return true;
}

bool CancelHook::due() const {
  const std::lock_guard lock(runtime_.mutex_);
  return !waiting_ && linked();
}

}  // namespace detail

using detail::ContextNode;

Context Context::background(Runtime& runtime) {
  auto node = std::make_shared<ContextNode>(runtime, ContextNode::Kind::background);
  node->can_end = false;
  return Context(std::move(node));
}

Context Context::todo(Runtime& runtime) {
  auto node = std::make_shared<ContextNode>(runtime, ContextNode::Kind::todo);
  node->can_end = false;
  return Context(std::move(node));
}

bool Context::done() const { return node_->done.load(std::memory_order_acquire); }
Error Context::err() const { return done() ? node_->err : Error(); }
Error Context::cause() const { return done() ? node_->cause : Error(); }
Error Context::done_error() const {
  return done() ? Error::caused(node_->err, node_->cause) : Error();
}
std::optional<TimePoint> Context::deadline() const { return node_->deadline; }
Runtime& Context::runtime() const { return node_->runtime; }

std::string_view Context::name() const {
  switch (node_->kind) {
    case ContextNode::Kind::background:
      return "context.Background";
    case ContextNode::Kind::todo:
      return "context.TODO";
    case ContextNode::Kind::derived:
      break;
  }
  return "context";
}

const void* Context::find(const void* key) const {
  for (const ContextNode* node = node_.get(); node; node = node->parent.get()) {
    if (node->key == key) return node->value.get();
  }
  return nullptr;
}

namespace {

// Coroutines with a context of their own: the caller's may be gone before they are awaited, as in
// `return context.sleep(1s);`.
awaitable<void> wait_until_done(Context context) {
  if (context.done()) co_return;
  Parking parking(context.runtime());
  detail::CancelHook canceled(context, [&parking] { parking.wake(); });
  co_await parking.park();
}

awaitable<Error> sleep_under(Context context, Duration delay) {
  if (context.done()) co_return context.done_error();
  Parking parking(context.runtime());
  bool passed = false;
  Timer timer(context.runtime(), [&] {
    passed = true;
    parking.wake();
  });
  detail::CancelHook canceled(context, [&parking] { parking.wake(); });
  timer.set(saturating_add(context.runtime().now(), delay));
  co_await parking.park();
  co_return passed ? Error() : context.done_error();
}

}  // namespace

awaitable<void> Context::wait_done() const { return wait_until_done(*this); }
awaitable<Error> Context::sleep(Duration delay) const { return sleep_under(*this, delay); }

std::stop_token Context::stop_token() const {
  const std::unique_lock lock = node_->lock();
  if (!node_->stop_source) {
    node_->stop_source.emplace();
    if (node_->done.load(std::memory_order_relaxed)) node_->request_stop_locked();
  }
  return node_->stop_source->get_token();
}

void CancelFn::operator()(Error cause) const { node_->cancel(cause); }

std::pair<Context, CancelFn> with_cancel(const Context& parent) {
  auto node = std::make_shared<ContextNode>(parent.runtime(), parent.node_);
  const std::unique_lock lock = node->lock();
  node->join_parent_locked();
  return {Context(node), CancelFn(node)};
}

std::pair<Context, CancelFn> with_deadline(const Context& parent, TimePoint deadline, Error cause) {
  auto node = std::make_shared<ContextNode>(parent.runtime(), parent.node_);
  const std::unique_lock lock = node->lock();
  node->join_parent_locked();
  node->set_deadline_locked(deadline, cause);
  return {Context(node), CancelFn(node)};
}

std::pair<Context, CancelFn> with_timeout(const Context& parent, Duration timeout, Error cause) {
  return with_deadline(parent, saturating_add(parent.runtime().now(), timeout), std::move(cause));
}

Context without_cancel(const Context& parent) {
  auto node = std::make_shared<ContextNode>(parent.runtime(), parent.node_);
  node->deadline.reset();
  node->can_end = false;
  return Context(std::move(node));
}

Context with_value_of(const Context& parent, const void* key, std::shared_ptr<const void> value) {
  auto node = std::make_shared<ContextNode>(parent.runtime(), parent.node_);
  node->key = key;
  node->value = std::move(value);
  node->can_end = parent.node_->can_end;
  const std::unique_lock lock = node->lock();
  node->join_parent_locked();
  return Context(node);
}

Context with_stop_token(const Context& parent, std::stop_token token, Error cause) {
  auto node = std::make_shared<ContextNode>(parent.runtime(), parent.node_);
  {
    const std::unique_lock lock = node->lock();
    node->join_parent_locked();
  }
  auto cancel = [raw = node.get(), cause] { raw->cancel(cause); };
  node->stop_callback =
      std::make_shared<std::stop_callback<decltype(cancel)>>(std::move(token), std::move(cancel));
  return Context(std::move(node));
}

// ---- after_func

// Kept alive by its registration, while it runs, and by itself once it has been promised to run.
struct Registration::State : std::enable_shared_from_this<State> {
  State(const Context& done, std::function<void()> call)
      : context(done), function(std::move(call)), hook(done, [this] { run(); }) {}
  void run() {
    promised = false;
    const std::shared_ptr<State> self =
        shared_from_this();  // the function may drop its registration
    self_until_run.reset();
    function();
    context.reset();
  }
  std::optional<Context> context;
  std::function<void()> function;
  bool promised = false;  // stop() came when the function was due
  std::shared_ptr<State> self_until_run;
  detail::CancelHook hook;
};

Registration after_func(const Context& context, std::function<void()> call) {
  return Registration(std::make_shared<Registration::State>(context, std::move(call)));
}

bool Registration::stop() {
  if (!state_) return false;
  if (state_->hook.withdraw()) {
    state_->context.reset();
    return true;
  }
  state_->promised = state_->hook.due();
  return false;
}

Registration& Registration::operator=(Registration&& other) noexcept {
  if (this != &other) {
    Registration old(std::move(*this));
    state_ = std::move(other.state_);
  }
  return *this;
}

Registration::~Registration() {
  if (state_ && state_->promised) state_->self_until_run = state_;
}

}  // namespace errand
