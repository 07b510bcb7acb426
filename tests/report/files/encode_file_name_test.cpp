// SPDX-License-Identifier: Apache-2.0
#include "errand/report/files/encode_file_name.h"

#include <set>

#include "support/catch.h"

using namespace errand;

TEST_CASE("plain names are file names as they are") {
  for (const std::string name :
       {"build", "unit-tests_2.x", "shard=1,san=asan", "echo 'a b'", "über", "日本", "a.", "-n"}) {
    CHECK(encode_file_name(name) == name);
  }
}

TEST_CASE("what a file name cannot have, or should not, is written as %XX") {
  CHECK(encode_file_name("src/a.c") == "src%2Fa.c");
  CHECK(encode_file_name(".") == "%2E");
  CHECK(encode_file_name("..") == "%2E.");
  CHECK(encode_file_name("../x") == "%2E.%2Fx");
  CHECK(encode_file_name(".hidden") == "%2Ehidden");
  CHECK(encode_file_name(std::string("a\0b\n\x7f", 5)) == "a%00b%0A%7F");
  CHECK(encode_file_name("\xff\xc3") == "%FF%C3");
  CHECK(encode_file_name("\xe2\x80\xae") == "%E2%80%AE");  // turns the writing direction
  CHECK(encode_file_name("100% #1") == "100%25 %231");
  CHECK(encode_file_name("a:b*c?d\"e<f>g|h\\") == "a%3Ab%2Ac%3Fd%22e%3Cf%3Eg%7Ch%5C");
  CHECK(encode_file_name("") == "#");
}

TEST_CASE("a long name is cut between characters, and still its own") {
  CHECK(encode_file_name(std::string(200, 'x')) == std::string(200, 'x'));
  std::set<std::string> names;
  for (const char* end : {"", "a", "b", "ab"}) {
    const std::string made = encode_file_name(std::string(200, 'x') + "é/" + end);
    CHECK(made.size() <= kFileNameBytesMax);
    CHECK(made.starts_with(std::string(183, 'x') + "#"));
    names.insert(made);
  }
  CHECK(names.size() == 4);
  for (std::size_t bytes = 90; bytes < 110; ++bytes) {
    std::string name(bytes, 'x');
    for (int i = 0; i < 60; ++i) name += "é";
    const std::string made = encode_file_name(name);
    const std::string kept = made.substr(0, made.rfind('#'));
    CHECK(name.starts_with(kept));
    CHECK((kept.size() - bytes) % 2 == 0);
  }
}

TEST_CASE("no two names of bytes share a file") {
  const std::string alphabet = std::string("a.%/#2F\n\xff\0", 10);
  std::set<std::string> made;
  std::size_t names = 0;
  for (const char a : alphabet) {
    for (const char b : alphabet) {
      for (const char c : alphabet) {
        for (std::size_t size = 1; size <= 3; ++size) {
          if (size < 3 && c != alphabet[0]) continue;
          if (size < 2 && b != alphabet[0]) continue;
          const std::string name = encode_file_name(std::string{a, b, c}.substr(0, size));
          CHECK(name.find_first_of(std::string("/#\n\0", 4)) == name.npos);
          made.insert(name);
          ++names;
        }
      }
    }
  }
  CHECK(names == 1110);
  CHECK(made.size() == names);
}
