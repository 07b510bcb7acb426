// SPDX-License-Identifier: Apache-2.0
#include "simulation/campaign.h"

#include <cstdlib>

namespace errand::simulation {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t kSeeds = 2'000;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr std::uint64_t kSeeds = 2'000;
#else
constexpr std::uint64_t kSeeds = 20'000;
#endif
#else
constexpr std::uint64_t kSeeds = 20'000;
#endif

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text && *text ? std::strtoull(text, nullptr, 10) : otherwise;
}

}  // namespace

CampaignOptions campaign_options() {
  CampaignOptions asked;
  asked.from = number_from("ERRAND_SIMULATION_FROM", 1);
  asked.seeds = number_from("ERRAND_SIMULATION_SEEDS", kSeeds);
  asked.tell = number_from("ERRAND_SIMULATION_TELL", 0) != 0;
  return asked;
}

std::string replay_command(std::uint64_t seed) {
  return "scripts/simulate --seed " + std::to_string(seed);
}

}  // namespace errand::simulation
