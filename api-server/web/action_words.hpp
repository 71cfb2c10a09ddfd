// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "api-server/web/html.hpp"
#include "common/store/operator_store.hpp"

namespace calsync::api::web {

/// An action in the words of the page.
struct ActionWords {
  store::OperatorAction action;
  Literal label;
  Literal effect;  ///< one sentence
  bool grave;      ///< it cannot be taken back
};
std::span<const ActionWords> all_actions();
const ActionWords& words_of(store::OperatorAction action);
/// Whether it makes sense for a connection that is enabled, or not.
bool offered(store::OperatorAction action, bool enabled);

/// Only `backoff` has minutes.
Html minutes_field(store::OperatorAction action, std::string_view chosen);
/// failure invalid_input with the sentence.
Result<int> read_minutes(store::OperatorAction action, const std::string& text);

}  // namespace calsync::api::web
