// SPDX-License-Identifier: Apache-2.0
#include "errand/events/json_text.h"

#include "support/report_fixture.h"

using namespace errand;
using namespace errand::test;

TEST_CASE("commas stand where they belong") {
  std::string text;
  JsonText json(text);
  json.begin_object().member("a", 1).member("b", "x").member("c", true).key("d").null();
  json.key("e").begin_array().value(1).begin_array().end_array().begin_object().end_object();
  json.value(-2).end_array().member("f", false).end_object();
  CHECK(text == R"({"a":1,"b":"x","c":true,"d":null,"e":[1,[],{},-2],"f":false})");
}

TEST_CASE("durations are seconds to the microsecond") {
  const auto text_of = [](Duration duration) {
    std::string text;
    JsonText(text).value(duration);
    return text;
  };
  CHECK(text_of(0s) == "0.0");
  CHECK(text_of(1s) == "1.0");
  CHECK(text_of(1250ms) == "1.25");
  CHECK(text_of(1us) == "0.000001");
  CHECK(text_of(499ns) == "0.0");
  CHECK(text_of(999999500ns) == "1.0");
  CHECK(text_of(-1500us) == "-0.0015");
  CHECK(text_of(1000000h) == "3600000000.0");
  CHECK(text_of(Duration::max()) == "9223372036.854775");
}

TEST_CASE("texts are valid UTF-8 whatever they are") {
  std::string all, text;
  for (int value = 0; value < 256; ++value) all += static_cast<char>(value);
  JsonText(text).value(all + "é€😀\xed\xa0\x80");
  CHECK(text.starts_with(
      R"("\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\b\t\n\u000b\f\r\u000e)"));
  CHECK(text.find(R"( !\"#$%&'()*+)") != text.npos);
  CHECK(text.find(R"([\\])") != text.npos);
  CHECK(text.find("\x7f\xef\xbf\xbd\xef\xbf\xbd") != text.npos);
  CHECK(text.ends_with("é€😀\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""));
}
