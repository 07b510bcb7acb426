// SPDX-License-Identifier: Apache-2.0
//
// Errors are values. An empty Error means "no error"; anything else carries a message, may wrap one
// or several further errors, and gains context on its way up: "start task 'lint': exec: No such
// file".
#pragma once

#include <concepts>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>
#include <vector>

namespace errand {

class Error;

// A type that can be carried inside an Error and found again with Error::as<T>().
template <class T>
concept ErrorPayload = std::copy_constructible<T> && requires(const T& t) {
  { t.message() } -> std::convertible_to<std::string>;
};

// Immutable and cheap to copy (one shared pointer); any thread may read it. Two errors are equal
// when they are the same error, as in Go: two errors with the same text are different errors.
class Error {
 public:
  Error() noexcept = default;

  // A new error with this text.
  static Error text(std::string message);
  // A new error that carries `payload`. When T has `bool is(const Error& target) const`, is() asks
  // it too; when T has `bool timeout() const`, timeout() does.
  template <ErrorPayload T>
  static Error make(T payload);
  // "PREFIX: MESSAGE OF inner"; is(), as() and timeout() see through it. Empty when `inner` is
  // empty.
  static Error wrap(std::string_view prefix, Error inner);
  // `inner` with another text; is(), as() and timeout() see through it. Empty when `inner` is
  // empty.
  static Error reworded(std::string message, Error inner);
  // "MESSAGE OF outer: MESSAGE OF cause", matching both. One of the two alone when the other is
  // empty; the cause alone when it already matches `outer`.
  static Error caused(Error outer, Error cause);
  // The system's text for errno value `number`, as in "open: No such file or directory".
  static Error system(std::string_view doing, int number);
  // Carries a thrown exception; raise() throws it again. The text is what() where there is one.
  static Error from_exception(std::exception_ptr exception);

  explicit operator bool() const noexcept { return node_ != nullptr; }
  friend bool operator==(const Error&, const Error&) noexcept = default;

  // Empty when there is no error.
  std::string message() const;
  // Is `target` this error or one of those it wraps or aggregates, depth first? An empty error
  // matches nothing. Go: errors.Is.
  bool is(const Error& target) const;
  // The first payload of type T, depth first; owned by this error, null when there is none.
  template <class T>
  const T* as() const;
  // The error directly inside, empty for a leaf and for an aggregate. Go: errors.Unwrap.
  Error unwrap() const;
  // The elements of an aggregate in their order; nothing for any other error.
  std::span<const Error> errors() const;
  bool is_aggregate() const;
  // Does any error inside say that time ran out?
  bool timeout() const;
  // The errno value of the first system() error inside, 0 when there is none.
  int system_number() const;
  // Throws the exception carried inside (of an aggregate: by its first element), or an
  // ErrorException of this error when there is none.
  [[noreturn]] void raise() const;

 private:
  friend class Aggregate;
  struct Node;
  using PayloadIs = bool (*)(const void* payload, const Error& target);
  struct Payload {
    std::shared_ptr<const void> value;
    const std::type_info* type = nullptr;
    PayloadIs is = nullptr;
    bool timeout = false;
  };
  explicit Error(std::shared_ptr<const Node> node) : node_(std::move(node)) {}
  static Error with_payload(std::string message, Payload payload);
  const void* find(const std::type_info& type) const;

  std::shared_ptr<const Node> node_;
};

// Thrown by Error::raise() for an error that did not begin as an exception.
class ErrorException : public std::exception {
 public:
  explicit ErrorException(Error error) : error_(std::move(error)), what_(error_.message()) {}
  const char* what() const noexcept override { return what_.c_str(); }
  const Error& error() const noexcept { return error_; }

 private:
  Error error_;
  std::string what_;
};

// Several errors as one. Go: k8s.io/apimachinery/pkg/util/errors, with as() that works.
//
// Text: one element prints as itself. Otherwise the leaves are visited depth first through nested
// aggregates, each distinct message once; a single one prints without brackets, several as "[a,
// b]".
class Aggregate {
 public:
  using Matcher = bool (*)(const Error&);

  // Empty errors are dropped; empty when nothing is left. Order and duplicates are kept.
  static Error make(std::vector<Error> errors);
  // The leaves of all nested aggregates in one aggregate; wrapped aggregates are leaves.
  static Error flatten(const Error& error);
  // Without the leaves that a matcher accepts; matchers never see an aggregate, nesting is kept,
  // the first match decides.
  template <class... Matchers>
  static Error filter_out(const Error& error, Matchers&&... matchers);
  // An aggregate of one becomes its element (one step only).
  static Error reduce(const Error& error);
  // "MESSAGE" for each key in its order, "MESSAGE (repeated N times)" for counts above one.
  template <class Map>
  static Error from_counts(const Map& counts);
};

extern const Error Canceled;          // "context canceled"
extern const Error DeadlineExceeded;  // "context deadline exceeded", a timeout

// ---- templates

struct Error::Node {
  std::string message;
  std::vector<Error> inner;
  Payload payload;
  std::exception_ptr exception;
  bool aggregate = false;
};

template <ErrorPayload T>
Error Error::make(T payload) {
  Payload carried;
  std::string message = payload.message();
  carried.type = &typeid(T);
  if constexpr (requires(const T& t, const Error& e) {
                  { t.is(e) } -> std::convertible_to<bool>;
                }) {
    carried.is = [](const void* p, const Error& target) -> bool {
      return static_cast<const T*>(p)->is(target);
    };
  }
  if constexpr (requires(const T& t) {
                  { t.timeout() } -> std::convertible_to<bool>;
                }) {
    carried.timeout = payload.timeout();
  }
  carried.value = std::make_shared<const T>(std::move(payload));
  return with_payload(std::move(message), std::move(carried));
}

template <class T>
const T* Error::as() const {
  return static_cast<const T*>(find(typeid(T)));
}

template <class... Matchers>
Error Aggregate::filter_out(const Error& error, Matchers&&... matchers) {
  if (!error) return {};
  if (!error.is_aggregate()) return (matchers(error) || ...) ? Error() : error;
  std::vector<Error> kept;
  for (const Error& element : error.errors()) kept.push_back(filter_out(element, matchers...));
  return make(std::move(kept));
}

template <class Map>
Error Aggregate::from_counts(const Map& counts) {
  std::vector<Error> errors;
  for (const auto& [message, count] : counts) {
    const std::string suffix = count > 1 ? " (repeated " + std::to_string(count) + " times)" : "";
    errors.push_back(Error::text(message + suffix));
  }
  return make(std::move(errors));
}

}  // namespace errand
