// SPDX-License-Identifier: Apache-2.0
#include "cmd/session/log.h"

#include <fcntl.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/basic_file_sink.h>

#include <cerrno>
#include <utility>

#include "errand/base/escape_text.h"
#include "errand/io/unique_fd.h"

namespace errand::cmd {
namespace {

constexpr mode_t kFileMode = 0600;
constexpr const char* kPattern = "%Y-%m-%dT%H:%M:%S.%e%z [%P] %l: %v";

spdlog::level::level_enum level_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      break;
  }
  return spdlog::level::warn;
}

}  // namespace

class Log::Screen final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit Screen(std::function<void(const std::string&)> print) : print_(std::move(print)) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    print_(std::string(message.payload.begin(), message.payload.end()));
  }
  void flush_() override {}
  std::function<void(const std::string&)> print_;
};

// Not in spdlog's registry: what is not asked for costs nothing at the start.
struct Log::Loggers {
  spdlog::logger file{"errand"};
  spdlog::logger all{"errand"};
};

Log::Log() = default;
Log::~Log() = default;

Error Log::open(const std::string& path) {
  name_ = "log file '" + path + "'";
  // spdlog would make it readable for everybody, and its own errors have no errno.
  const UniqueFd made(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, kFileMode));
  if (!made) return Error::system(name_, errno);
  if (!loggers_) loggers_ = std::make_unique<Loggers>();
  try {
    const auto sink = std::make_shared<spdlog::sinks::basic_file_sink_st>(path);
    sink->set_pattern(kPattern);
    for (spdlog::logger* const logger : {&loggers_->file, &loggers_->all}) {
      logger->sinks().push_back(sink);
      logger->set_level(spdlog::level::debug);
      logger->flush_on(spdlog::level::debug);
      logger->set_error_handler([this](const std::string& what) {
        if (!error_) error_ = Error::text(name_ + ": " + what);
      });
    }
  } catch (const spdlog::spdlog_ex& failed) {
    return Error::text(name_ + ": " + failed.what());
  }
  return {};
}

void Log::show(std::function<void(const std::string&)> screen) {
  if (!loggers_) loggers_ = std::make_unique<Loggers>();
  loggers_->all.sinks().push_back(std::make_shared<Screen>(std::move(screen)));
}

void Log::write(LogLevel level, const std::string& text) {
  if (loggers_) loggers_->file.log(level_of(level), escape_text(masker_->mask_message(text)));
}

void Log::write_and_show(const std::string& text) {
  if (loggers_) loggers_->all.info(escape_text(masker_->mask_message(text)));
}

bool Log::is_open() const { return loggers_ && !loggers_->file.sinks().empty(); }

}  // namespace errand::cmd
