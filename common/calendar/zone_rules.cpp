// SPDX-License-Identifier: Apache-2.0
#include "common/calendar/zone_rules.hpp"

#include <algorithm>

namespace calsync::calendar {
namespace {

constexpr std::size_t header_bytes = 44;
constexpr std::size_t type_bytes = 6;

std::int64_t big_endian(std::string_view bytes, std::size_t at, std::size_t count) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < count; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return count == 4 ? static_cast<std::int32_t>(static_cast<std::uint32_t>(value)) : static_cast<std::int64_t>(value);
}

struct Header {
  char version = 0;
  std::size_t utc_flags = 0;
  std::size_t standard_flags = 0;
  std::size_t leaps = 0;
  std::size_t transitions = 0;
  std::size_t types = 0;
  std::size_t name_bytes = 0;
  std::size_t size(std::size_t time_bytes) const {
    return transitions * (time_bytes + 1) + types * type_bytes + name_bytes + leaps * (time_bytes + 4) +
           standard_flags + utc_flags;
  }
};

std::optional<Header> read_header(std::string_view bytes) {
  if (bytes.size() < header_bytes || !bytes.starts_with("TZif")) return std::nullopt;
  const auto count = [&](std::size_t index) {
    return static_cast<std::uint32_t>(big_endian(bytes, 20 + 4 * index, 4));
  };
  Header header{bytes[4], count(0), count(1), count(2), count(3), count(4), count(5)};
  if (header.types == 0 || header.types > 256) return std::nullopt;
  return header;
}

}  // namespace

std::optional<ZoneRules> ZoneRules::parse(std::string_view bytes) {
  const auto old_header = read_header(bytes);
  if (!old_header || old_header->version < '2') return std::nullopt;
  const std::size_t old_size = header_bytes + old_header->size(4);
  if (bytes.size() < old_size) return std::nullopt;
  bytes.remove_prefix(old_size);
  const auto header = read_header(bytes);
  if (!header || bytes.size() < header_bytes + header->size(8)) return std::nullopt;
  bytes.remove_prefix(header_bytes);

  ZoneRules rules;
  const std::size_t indices = header->transitions * 8;
  const std::size_t types = indices + header->transitions;
  const auto offset_of = [&](std::size_t type) {
    return static_cast<std::int32_t>(big_endian(bytes, types + type * type_bytes, 4));
  };
  for (std::size_t i = 0; i < header->transitions; ++i) {
    const auto type = static_cast<unsigned char>(bytes[indices + i]);
    if (type >= header->types) return std::nullopt;
    rules.transitions_.push_back(big_endian(bytes, i * 8, 8));
    rules.offsets_.push_back(offset_of(type));
  }
  rules.first_offset_ = offset_of(0);
  std::string_view footer = bytes.substr(header->size(8));
  if (footer.size() > 2 && footer.front() == '\n' && footer.back() == '\n') {
    rules.afterwards_ = PosixTz::parse(footer.substr(1, footer.size() - 2));
  }
  return rules;
}

std::chrono::seconds ZoneRules::offset_at(std::chrono::sys_seconds instant) const {
  const std::int64_t at = instant.time_since_epoch().count();
  if (afterwards_ && (transitions_.empty() || at >= transitions_.back())) return afterwards_->offset_at(instant);
  const auto next = std::upper_bound(transitions_.begin(), transitions_.end(), at);
  if (next == transitions_.begin()) return std::chrono::seconds(first_offset_);
  return std::chrono::seconds(offsets_[static_cast<std::size_t>(next - transitions_.begin()) - 1]);
}

}  // namespace calsync::calendar
