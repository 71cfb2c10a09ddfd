// SPDX-License-Identifier: Apache-2.0
// Sync and page tokens. They carry everything a list needs to go on, so the emulator stores nothing for them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace calsync::emulator {

struct ListToken {
  bool is_page = false;
  std::uint64_t owner = 0;             // hash of the user and the collection
  std::uint64_t parameters = 0;        // hash of the parameters that must stay the same
  std::uint64_t epoch = 0;             // of the collection's tokens when the chain began
  std::uint64_t since = 0;             // the change up to which the client knows everything; 0: nothing yet
  std::uint64_t snapshot = 0;          // the last change when the first page was made
  std::uint64_t major = 0, minor = 0;  // where the next page begins
  std::uint64_t page = 1;
};

std::string encode_token(const ListToken& token);
std::optional<ListToken> decode_token(std::string_view text);

}  // namespace calsync::emulator
