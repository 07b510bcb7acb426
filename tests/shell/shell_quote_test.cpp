// SPDX-License-Identifier: Apache-2.0
#include "errand/shell/shell_quote.h"

#include "support/catch.h"

using namespace errand;

TEST_CASE("a word is in quotes only where a shell needs them") {
  CHECK(shell_quote_if_needed("a/b_c-d.e,f:g=h@i%j+1") == "a/b_c-d.e,f:g=h@i%j+1");
  CHECK(shell_quote_if_needed("") == "''");
  CHECK(shell_quote_if_needed("a b") == "'a b'");
  CHECK(shell_quote_if_needed("~") == "'~'");
  CHECK(shell_quote_if_needed("$x\n") == "'$x\n'");
  CHECK(shell_quote("plain") == "'plain'");
}

TEST_CASE("quotes in a word stay what they are, many of them in few more bytes") {
  CHECK(shell_quote_if_needed("it's") == R"('it'\''s')");
  CHECK(shell_quote_if_needed("'''") == R"(''"'''"'')");
}
