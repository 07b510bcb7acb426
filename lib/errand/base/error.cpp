// SPDX-License-Identifier: Apache-2.0
#include "errand/base/error.h"

#include <set>
#include <system_error>

namespace errand {
namespace {

struct SystemError {
  std::string doing;
  int number = 0;
  std::string message() const {
    const std::string what = std::generic_category().message(number);
    return doing.empty() ? what : doing + ": " + what;
  }
};

struct TimedOut {
  std::string message() const { return "context deadline exceeded"; }
  bool timeout() const { return true; }
};

void visit_leaves(const Error& error, auto&& visit) {
  if (!error.is_aggregate()) return visit(error);
  for (const Error& element : error.errors()) visit_leaves(element, visit);
}

std::string aggregate_message(std::span<const Error> errors) {
  std::set<std::string> seen;
  std::string joined;
  for (const Error& element : errors) {
    visit_leaves(element, [&](const Error& leaf) {
      const auto [message, fresh] = seen.insert(leaf.message());
      if (!fresh) return;
      if (seen.size() > 1) joined += ", ";
      joined += *message;
    });
  }
  return seen.size() == 1 ? joined : "[" + joined + "]";
}

// What an ErrorException carries; none for any other exception.
Error error_thrown(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const ErrorException& e) {
    return e.error();
  } catch (...) {
    return {};
  }
}

std::string exception_message(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "unknown exception";
  }
}

}  // namespace

const Error Canceled = Error::text("context canceled");
const Error DeadlineExceeded = Error::make(TimedOut{});

Error Error::text(std::string message) {
  auto node = std::make_shared<Node>();
  node->message = std::move(message);
  return Error(std::move(node));
}

Error Error::with_payload(std::string message, Payload payload) {
  auto node = std::make_shared<Node>();
  node->message = std::move(message);
  node->payload = std::move(payload);
  return Error(std::move(node));
}

Error Error::wrap(std::string_view prefix, Error inner) {
  if (!inner) return {};
  auto node = std::make_shared<Node>();
  node->message.append(prefix).append(": ").append(inner.message());
  node->inner.push_back(std::move(inner));
  return Error(std::move(node));
}

Error Error::reworded(std::string message, Error inner) {
  if (!inner) return {};
  auto node = std::make_shared<Node>();
  node->message = std::move(message);
  node->inner.push_back(std::move(inner));
  return Error(std::move(node));
}

Error Error::caused(Error outer, Error cause) {
  if (!cause) return outer;
  if (!outer || cause.is(outer)) return cause;
  auto node = std::make_shared<Node>();
  node->message = outer.message() + ": " + cause.message();
  node->inner = {std::move(outer), std::move(cause)};
  return Error(std::move(node));
}

Error Error::system(std::string_view doing, int number) {
  return make(SystemError{std::string(doing), number});
}

Error Error::from_exception(std::exception_ptr exception) {
  if (!exception) return {};
  if (Error thrown = error_thrown(exception)) return thrown;
  auto node = std::make_shared<Node>();
  node->message = exception_message(exception);
  node->exception = std::move(exception);
  return Error(std::move(node));
}

std::string Error::message() const {
  if (!node_) return {};
  return node_->aggregate ? aggregate_message(node_->inner) : node_->message;
}

bool Error::is(const Error& target) const {
  if (!node_ || !target) return false;
  if (node_ == target.node_) return true;
  if (node_->payload.is && node_->payload.is(node_->payload.value.get(), target)) return true;
  for (const Error& inner : node_->inner) {
    if (inner.is(target)) return true;
  }
  return false;
}

const void* Error::find(const std::type_info& type) const {
  if (!node_) return nullptr;
  if (node_->payload.type && *node_->payload.type == type) return node_->payload.value.get();
  for (const Error& inner : node_->inner) {
    if (const void* found = inner.find(type)) return found;
  }
  return nullptr;
}

Error Error::unwrap() const {
  return node_ && !node_->aggregate && !node_->inner.empty() ? node_->inner.front() : Error();
}

std::span<const Error> Error::errors() const {
  return is_aggregate() ? std::span<const Error>(node_->inner) : std::span<const Error>();
}

bool Error::is_aggregate() const { return node_ && node_->aggregate; }

bool Error::timeout() const {
  if (!node_) return false;
  if (node_->payload.timeout) return true;
  for (const Error& inner : node_->inner) {
    if (inner.timeout()) return true;
  }
  return false;
}

int Error::system_number() const {
  const auto* found = as<SystemError>();
  return found ? found->number : 0;
}

void Error::raise() const {
  const auto throw_inside = [](const auto& self, const Error& error) -> void {
    if (!error) return;
    if (error.node_->exception) std::rethrow_exception(error.node_->exception);
    for (const Error& inner : error.node_->inner) {
      self(self, inner);
      if (error.node_->aggregate) break;  // a later element must not hide the first
    }
  };
  throw_inside(throw_inside, *this);
  throw ErrorException(*this);
}

Error Aggregate::make(std::vector<Error> errors) {
  std::erase_if(errors, [](const Error& e) { return !e; });
  if (errors.empty()) return {};
  auto node = std::make_shared<Error::Node>();
  node->inner = std::move(errors);
  node->aggregate = true;
  return Error(std::move(node));
}

Error Aggregate::flatten(const Error& error) {
  if (!error.is_aggregate()) return error;
  std::vector<Error> leaves;
  visit_leaves(error, [&](const Error& leaf) { leaves.push_back(leaf); });
  return make(std::move(leaves));
}

Error Aggregate::reduce(const Error& error) {
  return error.errors().size() == 1 ? error.errors().front() : error;
}

}  // namespace errand
