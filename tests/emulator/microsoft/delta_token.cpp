// SPDX-License-Identifier: Apache-2.0
#include "delta_token.hpp"

#include <fmt/format.h>

#include "tests/emulator/clock.hpp"
#include "tests/emulator/digest.hpp"

namespace calsync::emulator::microsoft {

std::string encode_delta_token(const DeltaToken& token) {
  const std::string text = fmt::format("{} {} {} {} {} {} {} {} {} {} {} {}", token.window.first, token.window.last,
                                       token.since, token.until, token.epoch, token.generation, token.round, token.page,
                                       token.empty_pages, token.initial ? 1 : 0, token.ended ? 1 : 0, token.folder_id);
  return base64url(sha256(text).substr(0, 6) + text);
}

std::optional<DeltaToken> decode_delta_token(std::string_view encoded) {
  const auto bytes = decode_base64(encoded);
  if (!bytes || bytes->size() < 7) return std::nullopt;
  const std::string text = bytes->substr(6);
  if (sha256(text).substr(0, 6) != bytes->substr(0, 6)) return std::nullopt;
  const auto parts = split(text, ' ');
  if (parts.size() != 12) return std::nullopt;
  const auto number = [&](std::size_t i) { return parse_integer(parts[i]).value_or(0); };
  const auto count = [&](std::size_t i) { return static_cast<std::uint64_t>(number(i)); };
  return DeltaToken{{number(0), number(1)},
                    count(2),
                    count(3),
                    count(4),
                    count(5),
                    count(6),
                    number(7),
                    number(8),
                    number(9) == 1,
                    number(10) == 1,
                    std::string(parts[11])};
}

std::int64_t delta_page_of(const Request& request) {
  const auto token = decode_delta_token(request.query.get("$skiptoken"));
  return token ? token->page : 1;
}

std::string window_text(std::int64_t seconds) {
  std::string text;
  append_rfc3339(text, seconds, 0);
  return text;
}

std::string reset_location(const Request& request) {
  const std::string* skip = request.query.find("$skiptoken");
  const auto token = decode_delta_token(skip ? *skip : request.query.get("$deltatoken"));
  std::string location = request.origin() + request.path + "?$deltatoken=";
  if (token)
    location += "&startDateTime=" + percent_encode(window_text(token->window.first)) +
                "&endDateTime=" + percent_encode(window_text(token->window.last));
  return location;
}

}  // namespace calsync::emulator::microsoft
