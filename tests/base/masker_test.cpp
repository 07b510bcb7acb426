// SPDX-License-Identifier: Apache-2.0
#include "errand/base/masker.h"

#include <string>
#include <vector>

#include "support/catch.h"

using namespace errand;

namespace {

using Texts = std::vector<std::string>;

Masker masker_of(const Texts& secrets) {
  Masker masker;
  for (const std::string& secret : secrets) masker.add(secret);
  return masker;
}

std::string streamed(const Masker& masker, const Texts& parts) {
  MaskStream stream(masker);
  std::string shown;
  for (const std::string& part : parts) stream.write(part, shown);
  stream.finish(shown);
  return shown;
}

// The definition: a byte is hidden if any occurrence of a secret covers it; a mark stands for
// occurrences that overlap.
std::string masked_slowly(const std::string& text, const Texts& secrets) {
  std::vector<bool> hidden(text.size()), continues(text.size());
  for (const std::string& secret : secrets) {
    for (std::size_t at = 0; (at = text.find(secret, at)) != std::string::npos; ++at) {
      for (std::size_t i = at; i < at + secret.size(); ++i) {
        hidden[i] = true;
        if (i > at) continues[i] = true;
      }
    }
  }
  std::string shown;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!hidden[i]) {
      shown += text[i];
    } else if (!continues[i]) {
      shown += kMask;
    }
  }
  return shown;
}

// All texts of 1 to `size` letters, each a or b.
Texts all_texts(std::size_t size) {
  Texts all = {"a", "b"};
  for (std::size_t i = 0; all[i].size() < size; ++i) {
    all.push_back(all[i] + "a");
    all.push_back(all[i] + "b");
  }
  return all;
}

}  // namespace

TEST_CASE("secrets are masked wherever they stand, the longest first") {
  const Masker masker = masker_of({"token", "token-2", ""});
  CHECK(masker.mask("token") == "***");
  CHECK(masker.mask("a token-2, a token-3, a toke") == "a ***, a ***-3, a toke");
  CHECK(masker.mask("tokentoken") == "******");
  CHECK(masker.mask("") == "");
}

TEST_CASE("[F3.5] if two secrets overlap in a text, no character of either is shown") {
  const Masker masker = masker_of({"abcdefgh", "efghijkl"});
  CHECK(masker.mask("abcdefghijkl") == "***");
  CHECK(masker.mask("<abcdefghijkl>") == "<***>");
  CHECK(masker.mask("abcdefghijk") == "***ijk");
  CHECK(masker.mask("bcdefghijkl") == "bcd***");
}

TEST_CASE("[F3.5] a secret that overlaps itself, or a chain of secrets, has one mark") {
  CHECK(masker_of({"aba"}).mask("xababay") == "x***y");
  CHECK(masker_of({"aa"}).mask("aaaaaa") == "***");
  CHECK(masker_of({"1234", "3456", "5678"}).mask("0123456789") == "0***9");
  CHECK(masker_of({"abcdef", "cd"}).mask("abcdef cd abcde") == "*** *** ab***e");
}

TEST_CASE("[F3.5] every short text of two letters is masked as the definition says") {
  const Texts secrets = all_texts(3), texts = all_texts(6);
  for (const std::string& one : secrets) {
    for (const std::string& two : secrets) {
      const Masker masker = masker_of({one, two});
      for (const std::string& text : texts) {
        CAPTURE(one, two, text);
        const std::string expected = masked_slowly(text, {one, two});
        REQUIRE(masker.mask(text) == expected);
        Texts bytes;
        for (const char byte : text) bytes.emplace_back(1, byte);
        REQUIRE(streamed(masker, bytes) == expected);
        REQUIRE(streamed(masker, {text.substr(0, text.size() / 2), text.substr(text.size() / 2)}) ==
                expected);
      }
    }
  }
}

TEST_CASE("a secret that is split between writes is masked, at every place of the split") {
  const std::string text = "x s3cr3t y s3cr3";
  const Masker masker = masker_of({"s3cr3t"});
  for (std::size_t one = 0; one <= text.size(); ++one) {
    for (std::size_t two = one; two <= text.size(); ++two) {
      CHECK(streamed(masker, {text.substr(0, one), text.substr(one, two - one),
                              text.substr(two)}) == "x *** y s3cr3");
    }
  }
}

TEST_CASE("what only began like a secret is shown") {
  const Masker masker = masker_of({"aab"});
  CHECK(streamed(masker, {"aa", "ab", "aa"}) == "a***aa");
  CHECK(streamed(masker, {"a", "a", "a", "c"}) == "aaac");
}

TEST_CASE("a stream shows at once what cannot belong to a secret any more") {
  const Masker masker = masker_of({"token"});
  MaskStream stream(masker);
  std::string shown;
  stream.write("to", shown);
  CHECK(shown == "");
  stream.write("p", shown);
  CHECK(shown == "top");
  stream.write("token", shown);
  CHECK(shown == "top***");
}

TEST_CASE("a secret that arrives later counts from then on, also for what is held back") {
  Masker masker = masker_of({"token"});
  MaskStream stream(masker);
  std::string shown;
  stream.write("tok", shown);
  masker.add("tokyo");
  stream.write("yo token", shown);
  stream.finish(shown);
  CHECK(shown == "*** ***");
}

TEST_CASE("of a secret with several lines each longer one is a secret too") {
  const Masker masker = masker_of({"first\nabc\n\nlast line\n"});
  CHECK(masker.mask("first, abc, last line") == "***, abc, ***");
  CHECK(masker.mask("first\nabc\n\nlast line\n") == "***");
  CHECK(masker.mask("first\r\nabc\r\n\r\nlast line\r\n") == "***");
}

TEST_CASE("a short secret is not masked in what errand says itself") {
  const Masker masker = masker_of({"7", "exit", "abc"});
  CHECK(masker.has_short());
  CHECK(masker.mask("exit 7 abc") == "*** *** ***");
  CHECK(masker.mask_message("exit 7 abc") == "*** 7 abc");
  CHECK_FALSE(masker_of({"four"}).has_short());
}

TEST_CASE("[F3.2] what was cut off within a secret is masked") {
  const Masker masker = masker_of({"hunter2222"});
  CHECK(masker.mask_beginning("echo hunter2") == "echo ***");
  CHECK(masker.mask_beginning("echo hunter2222") == "echo ***");
  CHECK(masker.mask_beginning("hunter2222 hunt and more") == "*** hunt and more");
  CHECK(masker.mask_quoting("no file \"echo hunt...\" here") == "no file \"echo ***...\" here");
  CHECK(masker.mask_quoting("no file \"echo hunter2222...\"") == "no file \"echo ***...\"");
}

TEST_CASE("[F3.3] a secret is found as a message writes it") {
  const Masker masker = masker_of({"a\tb\x1b[1m", "\xE2\x80\xAErtl!"});
  CHECK(masker.mask_quoting("\"a\\tb\\e[1m\" is no number") == "\"***\" is no number");
  CHECK(masker.mask_quoting("\"\\u{202e}rtl!\" is no number") == "\"***\" is no number");
}

TEST_CASE("[F3.3] a value is found in a message however its neighbors had it escaped") {
  Masker masker;
  masker.add("one##[two##[three");
  masker.add("::four\x01");
  // Alone the end of the first value is a command of a CI system, cut off here it is none.
  CHECK(masker.mask_quoting("\"one\\x23#[two##...\" is taken") == "\"***...\" is taken");
  // At the beginning of a text the second value is a command, here it is none.
  CHECK(masker.mask_quoting("\"x ::four\\x01\" is taken") == "\"x ***\" is taken");
  masker.add("back\\x41slash");
  CHECK(masker.mask_quoting("\"back\\x41slash\" is taken") == "\"***\" is taken");
}

TEST_CASE("a value that is larger than any variable is no secret") {
  CHECK(masker_of({std::string(kSecretBytesMax + 1, 'x')}).empty());
  CHECK_FALSE(masker_of({std::string(kSecretBytesMax, 'x')}).empty());
}

TEST_CASE("a text that repeats the beginning of a long secret takes no longer than another") {
  const Masker masker = masker_of({std::string(100'000, 'a') + "b"});
  const std::string text(3'000'000, 'a');
  CHECK(masker.mask(text) == text);
}
