// SPDX-License-Identifier: Apache-2.0
#include "common/providers/microsoft/graph_push_decoder.hpp"

#include <algorithm>
#include <optional>

#include "common/base/json.hpp"
#include "common/providers/microsoft/event_fields.hpp"

namespace calsync::microsoft {
namespace {

/// One page of the documents says 128, another 255.
constexpr std::size_t longest_client_state = 255;
constexpr std::size_t longest_id = 128;
constexpr std::size_t longest_validation_token = 8192;

Error unusable(const char* sentence) { return fail(Failure::invalid_input, sentence); }

/// Bytes that are no text could not even be asked for in the database.
bool is_usable(std::string_view text, std::size_t longest) {
  return !text.empty() && text.size() <= longest &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

/// `missed` asks for a read, like a change; a word that is not known yet is answered by a read, too.
providers::PushKind kind_of(const json::Value& item) {
  const std::string event = json::text_at(item, "lifecycleEvent");
  if (same_word(event, "reauthorizationRequired")) return providers::PushKind::renew;
  if (same_word(event, "subscriptionRemoved")) return providers::PushKind::ended;
  return providers::PushKind::changed;
}

std::optional<providers::PushItem> parse_item(const json::Value& item) {
  if (!item.IsObject()) return std::nullopt;
  const std::string state = json::text_at(item, "clientState");
  std::string subscription = json::text_at(item, "subscriptionId");
  const auto dot = state.find('.');
  if (!is_usable(state, longest_client_state) || !is_usable(subscription, longest_id) || dot == std::string::npos)
    return std::nullopt;
  return providers::PushItem{state.substr(0, dot), Secret(state.substr(dot + 1)), std::move(subscription),
                             kind_of(item)};
}

}  // namespace

Secret client_state(const std::string& channel_id, const Secret& secret) {
  return Secret(channel_id + '.' + std::string(secret.reveal()));
}

Result<std::variant<providers::PushMessage, providers::PushHandshake>> GraphPushDecoder::decode(
    const providers::PushRequest& request) const {
  using Decoded = std::variant<providers::PushMessage, providers::PushHandshake>;
  if (const std::string_view token = request.query("validationToken"); !token.empty()) {
    if (token.size() > longest_validation_token) return unusable("the validationToken is too long");
    return Decoded(providers::PushHandshake{std::string(token)});
  }
  const auto body = json::parse(request.body);
  const json::Value* items = body && body->IsObject() ? json::array_at(*body, "value") : nullptr;
  if (!items) return unusable("the body must be an object with a list of notifications in `value`");
  providers::PushMessage message;
  message.accepted = 202;
  for (const json::Value& one : items->GetArray()) {
    if (auto item = parse_item(one)) {
      message.items.push_back(*std::move(item));
    } else {
      ++message.malformed;
    }
  }
  if (message.items.empty() && message.malformed > 0)
    return unusable("no notification has a subscriptionId and a clientState of ours");
  return Decoded(std::move(message));
}

}  // namespace calsync::microsoft
