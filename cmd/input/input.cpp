// SPDX-License-Identifier: Apache-2.0
#include "cmd/input/input.h"
#include "cmd/print.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>

#include "cmd/commands/commands.h"
#include "cmd/session/environment.h"

namespace errand::cmd {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFileBytesMax = std::size_t{1} << 30;
constexpr std::size_t kNamedFileBytesMax = std::size_t{16} << 20;
constexpr std::size_t kProbeBytes = 64 * 1024;  // of a file, to tell a stream from a plan

std::unexpected<InputError> failed(std::string line) {
  return std::unexpected(InputError{{"errand: " + std::move(line)}});
}

bool has_ending(std::string_view name, std::initializer_list<std::string_view> endings) {
  return std::any_of(endings.begin(), endings.end(),
                     [&](std::string_view ending) { return name.ends_with(ending); });
}

// Whatever there is: a task may be called as a folder or a program beside the file.
bool looks_like_file(std::string_view word) {
  return word == "-" || word.starts_with('/') || word.starts_with("./") ||
         word.starts_with("../") ||
         has_ending(word, {".yaml", ".yml", ".json", ".jsonl", ".ndjson"});
}

bool is_file(const std::string& word) {
  std::error_code ignored;
  return fs::exists(word, ignored) && !fs::is_directory(word, ignored);
}

// errand.yaml and its like, here or in the nearest parent that has one. Empty: none.
std::string find_default() {
  std::error_code ignored;
  std::string prefix;
  fs::path folder = fs::current_path(ignored);
  while (!folder.empty()) {
    for (const char* name : {"errand.yaml", "errand.yml", "errand.json"}) {
      if (fs::is_regular_file(folder / name, ignored)) return prefix + name;
    }
    if (folder == folder.parent_path()) break;
    folder = folder.parent_path();
    prefix += "../";
  }
  return {};
}

bool stdin_is_piped() {
  struct stat status{};
  return ::fstat(STDIN_FILENO, &status) == 0 &&
         (S_ISFIFO(status.st_mode) || S_ISREG(status.st_mode));
}

// Somebody piped something in, and it is here already.
bool stdin_has_bytes() {
  int bytes = 0;
  return stdin_is_piped() && ::ioctl(STDIN_FILENO, FIONREAD, &bytes) == 0 && bytes > 0;
}

// One read; false at the end. A descriptor that another process made non-blocking is waited for.
Result<bool> read_more(int fd, std::string& text) {
  static std::array<char, kProbeBytes> buffer;
  for (;;) {
    const ssize_t size = ::read(fd, buffer.data(), buffer.size());
    if (size >= 0) {
      text.append(buffer.data(), static_cast<std::size_t>(size));
      return size > 0;
    }
    if (errno == EAGAIN) {
      pollfd readable{fd, POLLIN, 0};
      ::poll(&readable, 1, -1);
    } else if (errno != EINTR) {
      return std::unexpected(Error::system("read", errno));
    }
  }
}

// Is so much there that a stream of tasks can be told from a plan? A list alone is a plan, and the
// first argv of a stream if another line follows, however late. Looks at each byte once.
class FirstLine {
 public:
  explicit FirstLine(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  bool tells(std::string_view text) {
    if (!begun_) begun_ = go_to(text.find_first_not_of(kBlank, at_), text);
    if (begun_ && !ended_ && (ended_ = go_to(text.find('\n', at_), text)))
      is_task_ = looks_like_json_lines(text.substr(0, at_));
    const bool followed = ended_ && go_to(text.find_first_not_of(kBlank, at_), text);
    return is_task_ || followed || text.size() >= bytes_max_;
  }

 private:
  static constexpr std::string_view kBlank = " \t\r\n";
  // To the end where nothing was found.
  bool go_to(std::size_t found, std::string_view text) {
    at_ = std::min(found, text.size());
    return at_ < text.size();
  }

  std::size_t bytes_max_;
  std::size_t at_ = 0;
  bool begun_ = false, ended_ = false, is_task_ = false;
};

struct Source {
  std::string name;  // for messages
  std::string stem;
  std::string dir;  // of the file; empty for standard input
  UniqueFd file;
};

Result<Source> open_source(const std::string& path) {
  if (path == "-")
    return Source{std::string(kStdin), "stdin", "",
                  UniqueFd(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3))};
  Source source{path, fs::path(path).stem().string(), fs::path(path).parent_path().string(), {}};
  source.file.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status{};
  if (source.file && ::fstat(source.file.get(), &status) == 0 && S_ISDIR(status.st_mode))
    errno = EISDIR;
  else if (source.file)
    return source;
  return std::unexpected(Error::wrap(path, Error::system("", errno)));
}

// The contents of a file that a task file names.
Result<std::string> read_named_file(const std::string& path) {
  const auto failure = [&](int number) {
    return std::unexpected(Error::wrap(path, Error::system("", number)));
  };
  // Opening a pipe would wait for somebody to write to it.
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return failure(errno);
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return failure(errno);
  if (!S_ISREG(status.st_mode))
    return std::unexpected(Error::text(path + ": is not a regular file"));
  std::string text;
  for (;;) {
    Result<bool> more = read_more(file.get(), text);
    if (!more) return std::unexpected(Error::wrap(path, more.error()));
    if (!*more) return text;
    if (text.size() > kNamedFileBytesMax)
      return std::unexpected(Error::text(path + ": larger than 16 MiB"));
  }
}

ReadOptions read_options(const InputOptions& given, const Source& source,
                         const std::vector<std::string>& shell) {
  ReadOptions options;
  options.name = source.stem;
  options.dir = source.dir;
  if (!shell.empty()) options.shell = shell;
  options.variable = [](const std::string& name) -> std::optional<std::string> {
    const auto value = variable(name.c_str());
    return value ? std::optional<std::string>(*value) : std::nullopt;
  };
  options.read_file = read_named_file;
  options.vars = given.vars;
  options.env = given.env;
  return options;
}

std::size_t count_tasks(const Plan& plan) {
  return static_cast<std::size_t>(
      std::ranges::count_if(plan.tasks(), [](const Task& task) { return !task.is_group; }));
}

enum class StdinUse : std::uint8_t {
  none,
  named,             // FILE is "-": it may be empty
  in_place_of_file,  // there is no task file
};

constexpr std::string_view kNoFile =
    "no errand.yaml, errand.yml or errand.json here or in a parent folder";

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

std::expected<Input, InputError> read_source(Source source, StdinUse use,
                                             const std::vector<std::string>& tasks,
                                             const InputOptions& given,
                                             const std::vector<std::string>& shell) {
  ReadOptions options = read_options(given, source, shell);
  std::string text;
  bool more = true;
  const auto read_until = [&](auto&& enough) -> Error {
    while (more && !enough()) {
      Result<bool> read = read_more(source.file.get(), text);
      if (!read) return Error::wrap(source.name, read.error());
      more = *read;
      if (text.size() > kFileBytesMax) return Error::text(source.name + ": larger than 1 GiB");
    }
    return {};
  };
  FirstLine first(source.name == kStdin ? kFileBytesMax : kProbeBytes);
  if (Error error = read_until([&] { return first.tells(text); })) return failed(error.message());
  if (is_blank(text) && use == StdinUse::in_place_of_file)
    return failed(std::string(kNoFile) + ", and standard input is empty");
  if (is_blank(text) && use == StdinUse::named && tasks.empty()) {
    // Its end has been read; a terminal would have to give it again.
    source.file.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    return TaskStream{source.name, {}, std::move(source.file), std::move(options)};
  }
  const bool named_plan = has_ending(source.name, {".yaml", ".yml"});
  const bool named_lines = has_ending(source.name, {".jsonl", ".ndjson"});
  if (named_lines || (!named_plan && looks_like_json_lines(text))) {
    if (!tasks.empty()) return failed("tasks of a stream (JSON Lines) cannot be selected by name");
    if (is_blank(text)) return failed(source.name + ": no tasks; write one on each line");
    if (!given.vars.empty())
      return failed("--var " + given.vars.front().first +
                    ": a stream of tasks (JSON Lines) has no vars; use --env and $" +
                    given.vars.front().first);
    return TaskStream{source.name, std::move(text), std::move(source.file), std::move(options)};
  }
  if (Error error = read_until([] { return false; })) return failed(error.message());
  std::expected<Plan, Problems> plan = read_plan(text, detect_format(source.name, text), options);
  if (!plan) {
    InputError error;
    for (const Problem& problem : plan.error())
      error.lines.push_back(format_problem(source.name, problem));
    return std::unexpected(std::move(error));
  }
  std::vector<std::string> notes;
  for (const PlanNote& note : plan->notes())
    notes.push_back("errand: note: " + format_problem(source.name, {note.position, note.text}));
  const std::size_t all = count_tasks(*plan);
  Result<Plan> selected = select(std::move(*plan), {tasks, given.only, given.skip});
  if (selected) {
    const std::size_t left_out = all - count_tasks(*selected);
    return FilePlan{source.name, std::move(*selected), std::move(notes), left_out};
  }
  InputError error;
  for (const Error& unknown : selected.error().errors())
    error.lines.push_back("errand: " + source.name + ": " +
                          options.masker->mask_quoting(unknown.message()));
  if (!tasks.empty() && is_file(tasks.front()))
    error.lines.push_back("errand: to run the file of that name, write './" +
                          options.masker->mask(tasks.front()) + "'");
  return std::unexpected(std::move(error));
}

// For a first word that looks like a file and is none.
std::string task_hint(const std::string& word) {
  std::error_code ignored;
  if (fs::symlink_status(word, ignored).type() != fs::file_type::not_found) return {};
  const std::string file = find_default();
  return file.empty() ? ""
                      : "; to run the task of that name, write errand run " + file + " " + word;
}

}  // namespace

std::shared_ptr<const Masker> masker_of(const Input& input) {
  if (const auto* file = std::get_if<FilePlan>(&input)) return file->plan.root().masker;
  if (const auto* stream = std::get_if<TaskStream>(&input)) return stream->options.masker;
  return no_secrets();
}

std::vector<std::string> notes_of(const Input& input) {
  if (const auto* file = std::get_if<FilePlan>(&input)) return file->notes;
  const auto* stream = std::get_if<TaskStream>(&input);
  if (!stream || !stream->options.masker->has_short()) return {};
  return {"errand: note: " + stream->name + ": " + std::string(kShortSecretNote)};
}

Error for_each_line(const TaskStream& stream,
                    const std::function<void(std::string_view, std::uint32_t)>& visit) {
  std::string text = stream.begin;
  std::uint32_t number = 0;
  for (bool more = true; more || !text.empty();) {
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = text.find('\n', begin)) != std::string::npos;
         begin = end + 1) {
      visit(std::string_view(text).substr(begin, end - begin), ++number);
    }
    text.erase(0, begin);
    if (!more) {
      if (!text.empty()) visit(text, ++number);
      break;
    }
    Result<bool> read = read_more(stream.file.get(), text);
    if (!read) return Error::wrap(stream.name, read.error());
    more = *read;
  }
  return {};
}

Error enter_folder(const InputOptions& options) {
  if (options.folder.empty() || ::chdir(options.folder.c_str()) == 0) return {};
  return Error::system("-C " + options.folder, errno);
}

namespace {

// Where there is no task file, and no file is named.
std::expected<Input, InputError> read_piped_input(const std::vector<std::string>& tasks,
                                                  const InputOptions& options,
                                                  const std::vector<std::string>& shell) {
  const std::string no_file =
      std::string(kNoFile) +
      (tasks.empty() ? std::string() : ", and '" + tasks.front() + "' is not a file");
  if (!stdin_is_piped()) return failed(no_file);
  Result<Source> source = open_source("-");
  if (!source) return failed(source.error().message());
  return read_source(std::move(*source), StdinUse::in_place_of_file, tasks, options, shell);
}

}  // namespace

std::expected<Input, InputError> read_input(const InputOptions& options,
                                            const std::vector<std::string>& shell) {
  if (Error error = enter_folder(options)) return failed(error.message());
  std::vector<std::string> tasks = options.positional;
  std::string path;
  const bool named = !tasks.empty() && looks_like_file(tasks.front());
  if (!named) path = find_default();
  if (named || (path.empty() && !tasks.empty() && is_file(tasks.front()))) {
    path = tasks.front();
    tasks.erase(tasks.begin());
  } else {
    if (!path.empty() && stdin_has_bytes()) {
      print_errors({"errand: note: running " + path + "; to run what is piped in, write '-'"});
    }
    if (path.empty()) return read_piped_input(tasks, options, shell);
  }
  Result<Source> source = open_source(path);
  if (!source) return failed(source.error().message() + (named ? task_hint(path) : ""));
  const StdinUse use = path == "-" ? StdinUse::named : StdinUse::none;
  return read_source(std::move(*source), use, tasks, options, shell);
}

std::expected<FilePlan, InputError> read_whole_plan(const InputOptions& options,
                                                    std::string_view done) {
  std::expected<Input, InputError> input = read_input(options, {});
  if (!input) return std::unexpected(std::move(input).error());
  if (auto* file = std::get_if<FilePlan>(&*input)) return std::move(*file);
  return failed("a stream of tasks (JSON Lines) cannot be " + std::string(done));
}

}  // namespace errand::cmd
