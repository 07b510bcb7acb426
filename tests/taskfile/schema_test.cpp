// SPDX-License-Identifier: Apache-2.0
//
// The schema has the keys that the readers know, level by level; tests/docs/schema_test.py holds
// files against both.
#include "errand/taskfile/schema.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "errand/taskfile/fields/keys.h"
#include "support/catch.h"

using namespace errand;
using namespace errand::task_file;

namespace {

using Json = nlohmann::json;
using Names = std::set<std::string>;

const Json& schema() {
  static const Json json = Json::parse(task_file_schema());
  return json;
}

Names properties(const char* definition) {
  Names names;
  for (const auto& [name, value] : schema().at("$defs").at(definition).at("properties").items()) {
    names.insert(name);
  }
  return names;
}

Names to_set(const std::vector<std::string_view>& names) { return {names.begin(), names.end()}; }

}  // namespace

TEST_CASE("the schema has exactly the keys that the readers know, at each level") {
  CHECK(properties("runMap") == to_set(names_at(Level::run)));
  CHECK(properties("group") == to_set(names_at(Level::group)));
  CHECK(properties("singleTask") == to_set(names_at(Level::task)));
  CHECK(properties("matrixTask") == to_set(names_at(Level::matrix)));
  CHECK(properties("defaults") == to_set(names_of(kDefaultKeys)));
}

TEST_CASE("the schema takes every key of several words with hyphens too") {
  for (const char* definition : {"runMap", "group", "singleTask", "matrixTask", "defaults"}) {
    const Json& patterns = schema().at("$defs").at(definition).at("patternProperties");
    for (const std::string& name : properties(definition)) {
      CAPTURE(definition, name);
      if (std::ranges::count(name, '_') != 1) continue;  // longer ones have longer patterns
      std::string hyphens = name;
      std::ranges::replace(hyphens, '_', '-');
      CHECK(patterns.contains("^" + hyphens + "$"));
    }
  }
}

TEST_CASE("every key has a description, for the editor to show") {
  const auto described = [](const Json& value) {
    if (value.contains("description")) return true;
    const std::string target = value.value("$ref", "#/$defs/text").substr(8);
    return schema().at("$defs").at(target).contains("description");
  };
  for (const char* definition : {"runMap", "group", "singleTask", "matrixTask", "defaults"}) {
    const Json& keys = schema().at("$defs").at(definition).at("properties");
    for (const auto& [name, value] : keys.items()) {
      CAPTURE(definition, name);
      CHECK(described(value));
    }
  }
}

TEST_CASE("the schema is one for JSON Schema of 2020-12, and refers to nothing that it lacks") {
  CHECK(schema().at("$schema") == "https://json-schema.org/draft/2020-12/schema");
  const std::string text(task_file_schema());
  const std::string mark = "\"$ref\": \"#/$defs/";
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(mark, at)) != std::string::npos; ++count) {
    at += mark.size();
    const std::string name = text.substr(at, text.find('"', at) - at);
    CAPTURE(name);
    CHECK(schema().at("$defs").contains(name));
  }
  CHECK(count > 50);
  CHECK(text.ends_with("}\n"));
}
