// SPDX-License-Identifier: Apache-2.0
#include "errand/journal/output_store.h"

#include "support/report_fixture.h"

using namespace errand;
using namespace errand::test;

namespace {

// Remembers everything, as the console would show it.
class Shown final : public OutputTarget {
 public:
  class Sink final : public HeldSink {
   public:
    explicit Sink(Shown& shown) : shown_(shown) {}
    Error write(StdStream, std::string_view bytes) override {
      shown_.text += bytes;
      return {};
    }
    bool behind() const override { return false; }
    awaitable<void> caught_up(Context) override { co_return; }
    Error keep() override {
      ++shown_.keeps;
      return {};
    }

   private:
    Shown& shown_;
  };
  Capture capture() const override { return Capture::merged; }
  std::unique_ptr<OutputSink> open(const Task&, int) override {
    return std::make_unique<Sink>(*this);
  }
  std::unique_ptr<HeldSink> hold(const Task&, int) override {
    return std::make_unique<Sink>(*this);
  }
  std::string text;
  int keeps = 0;
};

struct Keep {
  std::string read(const KeptOutput& kept, std::size_t from = 0, std::size_t to = SIZE_MAX) const {
    std::string text;
    for (std::size_t i = from; i < std::min(to, kept.pieces.size()); ++i) {
      text += store.read(kept.pieces[i]);
    }
    return text;
  }
  Folder folder;
  OutputStore store{folder.path(), "output"};
  Shown shown;
  KeepingTarget target{shown, store};
  Task task;
};

}  // namespace

TEST_CASE("what attempts write is passed on, and kept in one file") {
  Keep keep;
  const auto first = keep.target.open(keep.task, 1), second = keep.target.open(keep.task, 2);
  CHECK(keep.target.capture() == Capture::merged);
  first->write(StdStream::out, "a1 ");
  second->write(StdStream::out, "b1 ");
  first->write(StdStream::err, "a2 ");
  const KeptOutput a = first->kept(), b = second->kept();
  CHECK(keep.shown.text == "a1 b1 a2 ");
  CHECK(a.pieces.size() == 1);
  CHECK(keep.read(a) == "a1 a2 ");
  CHECK(keep.read(b) == "b1 ");
  keep.store.flush();
  CHECK(keep.read(a) == "a1 a2 ");
  CHECK(read_piece(keep.folder / "output", b.pieces[0]) == "b1 ");
}

TEST_CASE("a silent attempt keeps nothing, and makes no file") {
  Keep keep;
  CHECK(keep.target.open(keep.task, 1)->kept().pieces.empty());
  keep.store.flush();
  CHECK_FALSE(std::filesystem::exists(keep.folder / "output"));
}

TEST_CASE("of much output the beginning and the end are kept, and told how much is missing") {
  Keep keep;
  const auto sink = keep.target.open(keep.task, 1);
  std::string all;
  for (int i = 0; i < 200000; ++i) {
    const std::string line = std::to_string(i) + "\n";
    all += line;
    sink->write(StdStream::out, line);
  }
  const KeptOutput kept = sink->kept();
  const std::string head = keep.read(kept, 0, kept.head), tail = keep.read(kept, kept.head);
  CHECK(head == all.substr(0, KeepingTarget::kHeadBytes));
  CHECK(tail == all.substr(all.size() - KeepingTarget::kTailBytes));
  CHECK(kept.left_out == all.size() - head.size() - tail.size());
  CHECK(kept.pieces.size() == 2);
  CHECK(keep.shown.text == all);
}

TEST_CASE("one write may be more than is kept") {
  Keep keep;
  const auto sink = keep.target.open(keep.task, 1);
  const std::string all(1 << 20, 'x');
  sink->write(StdStream::out, all + "end");
  const KeptOutput kept = sink->kept();
  CHECK(keep.read(kept, kept.head).ends_with("xend"));
  CHECK(kept.left_out == all.size() + 3 - KeepingTarget::kHeadBytes - KeepingTarget::kTailBytes);
}

TEST_CASE("a hedge that counts is kept by both") {
  Keep keep;
  const auto held = keep.target.hold(keep.task, 1);
  held->write(StdStream::out, "x");
  CHECK_FALSE(held->keep());
  CHECK(keep.shown.keeps == 1);
  CHECK(keep.read(held->kept()) == "x");
}

TEST_CASE("a full store keeps no more, and says how much it is") {
  Keep keep;
  OutputStore small(keep.folder.path(), "small", 10);
  CHECK(small.append("12345678").size == 8);
  CHECK(small.append("90a").size == 0);
  CHECK(small.append("90").size == 2);
  KeepingTarget target(keep.shown, small);
  const auto sink = target.open(keep.task, 1);
  sink->write(StdStream::out, "more");
  const KeptOutput kept = sink->kept();
  CHECK(kept.pieces.empty());
  CHECK(kept.left_out == 4);
}

TEST_CASE("a store that cannot be made keeps nothing, and the output goes on") {
  Keep keep;
  OutputStore nowhere(keep.folder / "no/such/folder", "output");
  KeepingTarget target(keep.shown, nowhere);
  const auto sink = target.open(keep.task, 1);
  CHECK_FALSE(sink->write(StdStream::out, "text"));
  sink->kept();
  nowhere.flush();
  CHECK(nowhere.error().message().find("No such file or directory") != std::string::npos);
  CHECK(nowhere.append("x").size == 0);
  CHECK(keep.shown.text == "text");
}
