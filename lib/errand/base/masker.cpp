// SPDX-License-Identifier: Apache-2.0
#include "errand/base/masker.h"

#include <algorithm>
#include <functional>

namespace errand {

void Masker::add(const std::vector<std::string>& values) {
  for (const std::string& value : values) {
    if (value.empty() || std::ranges::find(secrets_, value) != secrets_.end()) continue;
    first_bytes_[static_cast<unsigned char>(value.front())] = true;
    secrets_.push_back(value);
  }
  std::ranges::sort(secrets_, std::ranges::greater(), &std::string::size);
}

Masker::Match Masker::match(std::string_view rest, bool more_may_come, std::size_t& size) const {
  for (const std::string& secret : secrets_) {
    if (rest.starts_with(secret)) {
      size = secret.size();
      return Match::full;
    }
    // A longer one may still come; it goes before a shorter one that is there.
    if (more_may_come && secret.starts_with(rest)) return Match::partial;
  }
  return Match::none;
}

std::size_t Masker::mask_until(std::string_view text, bool more_may_come,
                               std::string& shown) const {
  std::size_t plain = 0;  // from here on nothing has been shown yet
  for (std::size_t at = 0; at < text.size();) {
    if (!first_bytes_[static_cast<unsigned char>(text[at])]) {
      ++at;
      continue;
    }
    std::size_t size = 0;
    const Match found = match(text.substr(at), more_may_come, size);
    if (found == Match::none) {
      ++at;
      continue;
    }
    shown += text.substr(plain, at - plain);
    if (found == Match::partial) return text.size() - at;
    shown += kMask;
    at += size;
    plain = at;
  }
  shown += text.substr(plain);
  return 0;
}

std::string Masker::mask(std::string_view text) const {
  std::string shown;
  mask_until(text, false, shown);
  return shown;
}

std::size_t Masker::mask_part(std::string_view text, std::string& shown) const {
  return mask_until(text, true, shown);
}

}  // namespace errand
