// SPDX-License-Identifier: Apache-2.0
#include "errand/executor/lookup.h"

#include <signal.h>

#ifdef ERRAND_STATIC
#include <nss.h>
#endif

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <cstddef>
#include <mutex>
#include <new>
#include <optional>
#include <thread>
#include <utility>

namespace errand {
namespace {

using asio::ip::tcp;

// Where nsswitch.conf names more than /etc/hosts and DNS, the C library loads a library of the
// system for it, which a static program must not: that brings a C library of its own.
void look_up_without_libraries() {
#ifdef ERRAND_STATIC
  static const int once = ::__nss_configure_lookup("hosts", "files dns");
  static_cast<void>(once);
#endif
}

Lookup::Endpoints resolve(const std::string& host, const std::string& port,
                          std::error_code& error) {
  Lookup::Endpoints endpoints;
  try {
    asio::io_context none;
    tcp::resolver resolver(none);
    for (const auto& entry : resolver.resolve(host, port, error)) {
      endpoints.push_back(entry.endpoint());
    }
  } catch (const std::exception&) {
    error = std::make_error_code(std::errc::not_enough_memory);
  }
  return endpoints;
}

// The system answers EAGAIN both to too many threads and to a stack that there is no memory for.
// The latter is a lack of memory like any other: the program's new handler decides.
void find_memory_for_stack() {
  constexpr std::size_t kStackBytes = std::size_t{8} << 20;  // the usual one
  ::operator delete(::operator new(kStackBytes));
}

// A thread in which no signal is handled.
template <class Work>
std::error_code start_thread(Work work) {
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  std::error_code error;
  try {
    std::thread(std::move(work)).detach();
  } catch (const std::system_error& failed) {
    error = failed.code();
    find_memory_for_stack();
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return error;
}

}  // namespace

// The thread's and the asker's; the loop is there as long as somebody waits.
struct Lookup::Shared : std::enable_shared_from_this<Shared> {
  explicit Shared(asio::any_io_executor executor, Found then)
      : loop(std::in_place, std::move(executor)), found(std::move(then)) {}

  void notify(std::error_code error, Endpoints endpoints) {
    const std::scoped_lock lock(mutex);
    if (!loop) return;
    asio::post(loop->get_executor(),
               [self = shared_from_this(), error, endpoints = std::move(endpoints)]() mutable {
                 const Found then = self->take();
                 if (then) then(error, std::move(endpoints));
               });
  }
  Found take() {
    const std::scoped_lock lock(mutex);
    loop.reset();
    return std::exchange(found, nullptr);
  }

  std::mutex mutex;
  std::optional<asio::executor_work_guard<asio::any_io_executor>> loop;
  Found found;
};

Lookup::Lookup(asio::any_io_executor executor, std::string host, std::string port, Found found)
    : shared_(std::make_shared<Shared>(std::move(executor), std::move(found))) {
  look_up_without_libraries();
  const std::error_code no_thread =
      start_thread([shared = shared_, host = std::move(host), port = std::move(port)] {
        std::error_code error;
        Endpoints endpoints = resolve(host, port, error);
        shared->notify(error, std::move(endpoints));
      });
  if (no_thread) shared_->notify(no_thread, {});
}

void Lookup::stop() { static_cast<void>(shared_->take()); }

}  // namespace errand
