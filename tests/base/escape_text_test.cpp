// SPDX-License-Identifier: Apache-2.0
#include "errand/base/escape_text.h"

#include "support/catch.h"

using namespace errand;

TEST_CASE("ordinary text stays as it is") {
  CHECK(escape_text("build/linux x86 \\ 'a' ünïcödé 日本 🙂") ==
        "build/linux x86 \\ 'a' ünïcödé 日本 🙂");
}

TEST_CASE("control characters cannot reach a terminal") {
  CHECK(escape_text("a\x1b[31mb\nc\td\re\x07g\x7f") == "a\\e[31mb\\nc\\td\\re\\x07g\\x7f");
  CHECK(escape_text(std::string("a\0b", 3)) == "a\\x00b");
  CHECK(escape_text("\u009bJ") == "\\u{9b}J");  // CSI as one C1 character
}

TEST_CASE("characters that turn the writing direction or end a line are shown") {
  CHECK(escape_text("a\u202eb\u2066c\u2028d") == "a\\u{202e}b\\u{2066}c\\u{2028}d");
}

TEST_CASE("bytes that are not UTF-8 are shown one by one") {
  CHECK(escape_text("a\x9b\xffz") == "a\\x9b\\xffz");
  CHECK(escape_text("\xc0\xaf") == "\\xc0\\xaf");           // overlong
  CHECK(escape_text("\xed\xa0\x80") == "\\xed\\xa0\\x80");  // a surrogate
  CHECK(escape_text("\xf5\x80\x80\x80") == "\\xf5\\x80\\x80\\x80");
  CHECK(escape_text("\xe2\x82") == "\\xe2\\x82");  // cut off
}

TEST_CASE("no byte value reaches a terminal as a control character") {
  for (int value = 0; value < 256; ++value) {
    for (const char c : escape_text(std::string(1, static_cast<char>(value)))) {
      CHECK((c >= 0x20 && c < 0x7f));
    }
  }
}

TEST_CASE("a process's line loses its colours, titles and earlier versions") {
  CHECK(plain_line("\x1b[1;31merror:\x1b[0m no\tfile") == "error: no\tfile");
  CHECK(plain_line("\x1b]0;title\x07shown\x1b]8;;http://x\x1b\\link") == "shownlink");
  CHECK(plain_line("10%\r50%\r100%\r") == "100%");
  CHECK(plain_line("dos\r") == "dos");
  CHECK(plain_line("cut \x1b[3") == "cut ");
  CHECK(plain_line("\x1b(Bascii\x1b") == "ascii");
}

TEST_CASE("columns count what a terminal shows") {
  CHECK(text_columns("abc") == 3);
  CHECK(text_columns("日本") == 4);
  CHECK(text_columns("e\u0301") == 1);
  CHECK(text_columns("🙂") == 2);
}

TEST_CASE("long text is cut between characters") {
  CHECK(shorten("abcdef", 6) == "abcdef");
  CHECK(shorten("abcdefg", 6) == "abcde…");
  CHECK(shorten("日本語", 5) == "日本…");
  CHECK(shorten("日本語", 4) == "日…");
}

TEST_CASE("commands of CI systems lose their power") {
  CHECK(escape_text("::error file=x::boom") == "\\x3a:error file=x::boom");
  CHECK(escape_text("  ::add-mask::x") == "  \\x3a:add-mask::x");
  CHECK(escape_text("##[error]x ##[group]y") == "\\x23#[error]x \\x23#[group]y");
  CHECK(escape_text("a ##vso[task.complete]") == "a \\x23#vso[task.complete]");
  CHECK(escape_text("##teamcity[x]") == "\\x23#teamcity[x]");
  CHECK(escape_text("###[x]") == "#\\x23#[x]");
  CHECK(plain_line("\x1b[1m::error::x") == "\\x3a:error::x");
  CHECK(plain_line("##[error]x") == "\\x23#[error]x");
}

TEST_CASE("what only looks like a command of a CI system stays") {
  for (const char* text : {"std::vector", "a ::b", ":", "## heading", "##", "#[derive]"}) {
    CHECK(escape_text(text) == text);
  }
}
