// SPDX-License-Identifier: Apache-2.0
#include "errand/shell/shell_quote.h"

#include "support/catch.h"

using namespace errand;

TEST_CASE("a word is in quotes only where a shell needs them") {
  CHECK(shell_word("a/b_c-d.e,f:g=h@i%j+1") == "a/b_c-d.e,f:g=h@i%j+1");
  CHECK(shell_word("") == "''");
  CHECK(shell_word("a b") == "'a b'");
  CHECK(shell_word("~") == "'~'");
  CHECK(shell_word("$x\n") == "'$x\n'");
  CHECK(shell_quote("plain") == "'plain'");
}

TEST_CASE("quotes in a word stay what they are, many of them in few more bytes") {
  CHECK(shell_word("it's") == R"('it'\''s')");
  CHECK(shell_word("'''") == R"(''"'''"'')");
}
