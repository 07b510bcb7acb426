// SPDX-License-Identifier: Apache-2.0
#include "errand/io/unique_fd.h"

#include <fcntl.h>

#include <utility>

#include "support/catch.h"

namespace errand {
namespace {

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) != -1; }
UniqueFd open_null() { return UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

TEST_CASE("a descriptor is closed with its owner") {
  int fd = -1;
  {
    const UniqueFd owner = open_null();
    REQUIRE(owner);
    fd = owner.get();
    CHECK(is_open(fd));
  }
  CHECK_FALSE(is_open(fd));
}

TEST_CASE("a descriptor has one owner at a time") {
  UniqueFd first = open_null();
  const int fd = first.get();
  UniqueFd second = std::move(first);
  CHECK_FALSE(first);
  CHECK(second.get() == fd);
  UniqueFd third = open_null();
  const int replaced = third.get();
  third = std::move(second);
  CHECK(third.get() == fd);
  CHECK_FALSE(is_open(replaced));
  const int released = third.release();
  CHECK_FALSE(third);
  CHECK(is_open(released));
  UniqueFd(released).reset();
  CHECK_FALSE(is_open(released));
}

}  // namespace
}  // namespace errand
