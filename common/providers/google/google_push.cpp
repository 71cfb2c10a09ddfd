// SPDX-License-Identifier: Apache-2.0
#include "common/providers/google/google_push.hpp"

#include <algorithm>

namespace calsync::google {
namespace {

constexpr std::size_t longest_channel_id = 64;
constexpr std::size_t longest_token = 256;
constexpr std::size_t longest_resource_id = 256;

Error unusable(std::string_view name, std::string_view what) {
  return fail(Failure::invalid_input, "the header " + std::string(name) + " " + std::string(what));
}

/// Google's ids and our tokens are; bytes that are no text could not even be asked for in the database.
bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

}  // namespace

Result<providers::PushMessage> GooglePushDecoder::decode(const providers::HeaderLookup& header) const {
  const struct {
    std::string_view name;
    std::size_t longest;
  } required[] = {{"x-goog-channel-id", longest_channel_id},
                  {"x-goog-channel-token", longest_token},
                  {"x-goog-resource-id", longest_resource_id}};
  for (const auto& [name, longest] : required) {
    const std::string_view value = header(name);
    if (value.empty()) return unusable(name, "is missing");
    if (value.size() > longest) return unusable(name, "is too long");
    if (!is_ascii(value)) return unusable(name, "is not ASCII");
  }
  // Calendar knows these three; other words belong to other Google products.
  const std::string_view state = header("x-goog-resource-state");
  if (state != "sync" && state != "exists" && state != "not_exists")
    return unusable("x-goog-resource-state", "must be sync, exists or not_exists");
  return providers::PushMessage{std::string(header("x-goog-channel-id")),
                                Secret(std::string(header("x-goog-channel-token"))),
                                std::string(header("x-goog-resource-id"))};
}

}  // namespace calsync::google
