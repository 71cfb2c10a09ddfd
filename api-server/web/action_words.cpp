// SPDX-License-Identifier: Apache-2.0
#include "api-server/web/action_words.hpp"

#include <array>
#include <charconv>
#include <stdexcept>

#include "api-server/routes/operator_inputs.hpp"
#include "api-server/web/page.hpp"

namespace calsync::api::web {
namespace {

using store::OperatorAction;

constexpr std::array<ActionWords, 7> words{
    {{OperatorAction::sync, "Sync now", "The connection is synced next, before whatever nobody waits for.", false},
     {OperatorAction::reset, "Full resync",
      "Errors and backoff are cleared and the position is forgotten: the next sync reads everything again.", false},
     {OperatorAction::backoff, "Back off", "Nothing is called for the connection until the time is over.", false},
     {OperatorAction::clear_backoff, "Clear backoff", "The connection is tried again at once.", false},
     {OperatorAction::enable, "Enable", "The connection is synced again, beginning now.", false},
     {OperatorAction::disable, "Disable", "The connection is no longer synced; what is mirrored stays.", false},
     {OperatorAction::disconnect, "Disconnect",
      "The grant is revoked and the connection is deleted with its events, calendars and channels. The person has to "
      "connect again to undo it.",
      true}}};

}  // namespace

std::span<const ActionWords> all_actions() { return words; }

const ActionWords& words_of(OperatorAction action) {
  for (const ActionWords& one : words) {
    if (one.action == action) return one;
  }
  throw std::logic_error("an action without words");
}

bool offered(OperatorAction action, bool enabled) {
  switch (action) {
    case OperatorAction::enable:
      return !enabled;
    case OperatorAction::disable:
    case OperatorAction::sync:
    case OperatorAction::backoff:
    case OperatorAction::clear_backoff:
      return enabled;
    case OperatorAction::reset:
    case OperatorAction::disconnect:
      return true;
  }
  return true;
}

Html minutes_field(OperatorAction action, std::string_view chosen) {
  if (action != OperatorAction::backoff) return {};
  return choice("For how long", "minutes",
                {{"15", "15 minutes"}, {"60", "an hour"}, {"360", "6 hours"}, {"1440", "a day"}, {"10080", "a week"}},
                chosen.empty() ? std::string_view("60") : chosen);
}

Result<int> read_minutes(OperatorAction action, const std::string& text) {
  if (action != OperatorAction::backoff) return 0;
  int minutes = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), minutes);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (!whole || minutes < 1 || minutes > longest_backoff_minutes)
    return fail(Failure::invalid_input, "The minutes must be a whole number from 1 to 525600.");
  return minutes;
}

}  // namespace calsync::api::web
