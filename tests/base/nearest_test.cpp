// SPDX-License-Identifier: Apache-2.0
#include "errand/base/nearest.h"

#include <array>
#include <string>
#include <string_view>

#include "support/catch.h"

namespace errand {
namespace {

constexpr std::array<std::string_view, 5> kWords = {"timeout", "retries", "needs", "run", "hedge"};

TEST_CASE("a misspelt word is nearest to the one that was meant") {
  CHECK(nearest("timout", kWords) == "timeout");
  CHECK(nearest("timeoutt", kWords) == "timeout");
  CHECK(nearest("tineout", kWords) == "timeout");
  CHECK(nearest("hegde", kWords) == "hedge");
  CHECK(nearest("need", kWords) == "needs");
  CHECK(nearest("ru", kWords) == "run");
}

TEST_CASE("a word that is a candidate is nearest to itself") {
  for (const std::string_view word : kWords) CHECK(nearest(word, kWords) == word);
}

TEST_CASE("swapped neighbours count as one edit") {
  CHECK(nearest("urn", kWords) == "run");  // two edits would be too many for three letters
  CHECK(nearest("nur", kWords).empty());
}

TEST_CASE("more edits than a third of the word are too many") {
  CHECK(nearest("tmeotu", kWords) == "timeout");  // 2 of 6
  CHECK(nearest("edge", kWords) == "hedge");      // 1 of 4
  CHECK(nearest("tmeut", kWords).empty());        // 2 of 5
  CHECK(nearest("rtrie", kWords).empty());        // 3 of 5
}

TEST_CASE("of two equally near candidates the first is taken") {
  constexpr std::array<std::string_view, 2> words = {"cat", "car"};
  CHECK(nearest("cap", words) == "cat");
}

TEST_CASE("a word that shares nothing with any candidate has no nearest one") {
  constexpr std::array<std::string_view, 2> letters = {"j", "k"};
  CHECK(nearest("x", letters).empty());
  CHECK(nearest("xylophone", kWords).empty());
  CHECK(nearest("", kWords).empty());
  CHECK(nearest("run", {}).empty());
}

TEST_CASE("very long words are not compared") {
  const std::string word(65, 'a');
  const std::array<std::string_view, 1> words = {word};
  CHECK(nearest(word, words).empty());
}

}  // namespace
}  // namespace errand
