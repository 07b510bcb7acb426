// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <memory>
#include <string_view>

#include "errand/base/masker.h"

namespace errand::test {

inline std::shared_ptr<const Masker> masker_of(std::initializer_list<std::string_view> secrets) {
  const auto masker = std::make_shared<Masker>();
  for (const std::string_view secret : secrets) masker->add(secret);
  return masker;
}

}  // namespace errand::test
