// SPDX-License-Identifier: Apache-2.0
#include "cmd/session/load_gate.h"

#include "support/catch.h"

namespace errand::test {
namespace {

TEST_CASE("nothing is held back unless a load or free memory is given") {
  CHECK_FALSE(cmd::load_gate({}, {}, 4));
}

TEST_CASE("starts are held back while less memory is available than asked for") {
  constexpr std::uint64_t kTebibyte = std::uint64_t{1} << 40;
  CHECK(cmd::load_gate({}, 4000 * kTebibyte, 4)());
  CHECK_FALSE(cmd::load_gate({}, 0, 4)());
}

TEST_CASE("a load may be a part of the processors") {
  constexpr double kHuge = 1e9;
  CHECK_FALSE(cmd::load_gate(cmd::LoadLimit{kHuge, false}, {}, 1)());
  CHECK_FALSE(cmd::load_gate(cmd::LoadLimit{kHuge, true}, {}, 1)());
  // A part of 0 processors is a limit of 0, which any load exceeds; an idle machine has none.
  const bool has_load = cmd::load_gate(cmd::LoadLimit{1e-9, false}, {}, 1)();
  CHECK(cmd::load_gate(cmd::LoadLimit{kHuge, true}, {}, 0)() == has_load);
}

}  // namespace
}  // namespace errand::test
