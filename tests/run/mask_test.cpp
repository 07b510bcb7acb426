// SPDX-License-Identifier: Apache-2.0
#include "errand/run/mask.h"

#include "support/fake_executor.h"

using namespace errand;
using namespace errand::test;

namespace {

// What a sink behind the mask sees of these writes.
std::string through(const Masker& masker, const std::vector<std::string>& writes) {
  struct Kept final : OutputSink {
    Error write(StdStream, std::string_view bytes) override {
      text += bytes;
      return {};
    }
    bool behind() const override { return false; }
    awaitable<void> caught_up(Context) override { co_return; }
    std::string text;
  };
  Kept kept;
  MaskSink mask(masker, kept);
  for (const std::string& bytes : writes) mask.write(StdStream::out, bytes);
  mask.finish();
  return kept.text;
}

Masker masker_of(const std::vector<std::string>& secrets) {
  Masker masker;
  masker.add(secrets);
  return masker;
}

}  // namespace

TEST_CASE("secrets are masked wherever they stand, the longest first") {
  const Masker masker = masker_of({"token", "token-2", ""});
  CHECK(masker.mask("token") == "***");
  CHECK(masker.mask("a token-2, a token-3, a toke") == "a ***, a ***-3, a toke");
  CHECK(masker.mask("tokentoken") == "******");
  CHECK(masker.mask("") == "");
}

TEST_CASE("a secret that is split between writes is masked, at every place of the split") {
  const std::string text = "x s3cr3t y s3cr3";
  const Masker masker = masker_of({"s3cr3t"});
  for (std::size_t one = 0; one <= text.size(); ++one) {
    for (std::size_t two = one; two <= text.size(); ++two) {
      CHECK(through(masker, {text.substr(0, one), text.substr(one, two - one), text.substr(two)}) ==
            "x *** y s3cr3");
    }
  }
}

TEST_CASE("what only began like a secret is shown") {
  const Masker masker = masker_of({"aab"});
  CHECK(through(masker, {"aa", "ab", "aa"}) == "a***aa");
  CHECK(through(masker, {"a", "a", "a", "c"}) == "aaac");
}

TEST_CASE("secrets never reach the output, the last lines or an error of a run") {
  RunTest test;
  test.executor.behaviors["a"] = {.exit_code = 1, .output = "my hunter2\n"};
  test.executor.behaviors["b"] = {.error = Error::text("exec 'hunter2': no")};
  Plan plan = test.plan("mode: aggregate\ntasks: {a: x, b: x}");
  std::vector<Task> tasks(plan.tasks().begin(), plan.tasks().end());
  tasks[1].secrets = std::make_shared<const std::vector<std::string>>(1, "hunter2");
  const Plan secret(std::move(tasks));
  Runner runner(test.executor, test.output, test.recorder, {});
  const RunEnded ended = test.run(runner.run(test.background(), test.background(), secret));
  CHECK(test.output.shown == std::vector<std::string>{"a: my ***\n"});
  CHECK(test.recorder.ended.at("a").last_lines == "my ***\n");
  CHECK(test.recorder.state("b") == "failed: exec '***': no");
  CHECK(ended.error.message() == "[b: exec '***': no, a: exit 1]");
}
