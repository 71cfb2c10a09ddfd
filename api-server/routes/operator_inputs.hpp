// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api-server/routes/inputs.hpp"
#include "common/store/operator_store.hpp"

namespace calsync::api {

/// Whoever carries the request's token, with their reason.
store::Author author_of(const Request& request, std::string reason = {});

inline constexpr int default_backoff_minutes = 60;
inline constexpr int longest_backoff_minutes = 525'600;

/// 3 to 500 characters without control characters, blanks around them left out; optional for a preview only.
Result<std::string> parse_reason(const std::optional<std::string>& given, bool optional);

/// What an action is told: reason, minutes, preview.
struct ActionInput {
  std::string reason{};
  int minutes = default_backoff_minutes;
  bool preview = false;
};
/// `minutes` is refused where the action is not a backoff.
Result<ActionInput> read_action_input(const BodyInput& body, store::OperatorAction action);

/// The query parameters, and the fields of a bulk action's `filter`, by which connections are chosen.
const std::set<std::string>& filter_names();
Result<store::ConnectionFilter> read_filter(const QueryInput& query);
Result<store::ConnectionFilter> parse_filter(const json::Value& object);

/// Where a page begins: what next_page_token said. An opaque id.
std::string id_page_token(const std::string& id);
Result<std::optional<std::string>> parse_id_page_token(const std::optional<std::string>& token);

}  // namespace calsync::api
