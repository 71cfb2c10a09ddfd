// SPDX-License-Identifier: Apache-2.0
// The opaque part of nextLinks and deltaLinks: where a round stands, and its window, which never changes.
#pragma once

#include <optional>

#include "graph_call.hpp"

namespace calsync::emulator::microsoft {

struct DeltaToken {
  Window window;
  std::uint64_t since = 0;  // changes up to this one are known to the client
  std::uint64_t until = 0;  // a skip token's: the round ends with this change
  std::uint64_t epoch = 0, generation = 0, round = 0;
  std::int64_t page = 1;         // a skip token's: the page that it leads to
  std::int64_t empty_pages = 0;  // that were sent
  bool initial = false;          // of a first round: what is not in the window is not mentioned
  bool ended = false;            // everything was sent, the deltaLink is due
  std::string folder_id;
};

std::string encode_delta_token(const DeltaToken& token);
std::optional<DeltaToken> decode_delta_token(std::string_view text);
// The number of the page that a request asks for.
std::int64_t delta_page_of(const Request& request);
// Where a reset sends a client: the first request of the round with an empty token.
std::string reset_location(const Request& request);
std::string window_text(std::int64_t seconds);

}  // namespace calsync::emulator::microsoft
