// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/ids.hpp"
#include "common/base/result.hpp"
#include "common/base/time.hpp"

namespace calsync {

enum class Level { debug, info, warn, error };

std::optional<Level> parse_level(std::string_view text);

/// What a log line may say besides its message (contract section 5). Only these fields exist; none takes a Secret, an
/// event's title or an attendee.
struct LogFields {
  std::string sync_id{};
  std::string provider_id{};
  std::string connection_id{};
  std::string provider{};
  std::optional<std::int64_t> duration_ms{};
  std::string error_code{};
  std::vector<std::pair<std::string, std::string>> metadata{};
};

/// One JSON object a line, in category `calendar_sync`. The sink receives complete lines with their newline.
class Log {
 public:
  using Sink = std::function<void(std::string_view line)>;
  Log(const Clock& clock, Level threshold, Sink sink) : clock_(clock), threshold_(threshold), sink_(std::move(sink)) {}

  /// Whether lines of this level are written: for those that are costly to put together.
  bool shows(Level level) const { return level >= threshold_; }
  void write(Level level, std::string_view message, const LogFields& fields = {}) const;
  void debug(std::string_view message, const LogFields& fields = {}) const { write(Level::debug, message, fields); }
  void info(std::string_view message, const LogFields& fields = {}) const { write(Level::info, message, fields); }
  void warn(std::string_view message, const LogFields& fields = {}) const { write(Level::warn, message, fields); }
  void error(std::string_view message, const LogFields& fields = {}) const { write(Level::error, message, fields); }

 private:
  const Clock& clock_;
  Level threshold_;
  Sink sink_;
};

}  // namespace calsync
