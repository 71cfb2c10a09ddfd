// SPDX-License-Identifier: Apache-2.0
#include "common/store/connection_actions.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace calsync::store {
namespace {

constexpr std::array<std::pair<OperatorAction, std::string_view>, 7> names{
    {{OperatorAction::sync, "sync"},
     {OperatorAction::reset, "reset"},
     {OperatorAction::backoff, "backoff"},
     {OperatorAction::clear_backoff, "clear-backoff"},
     {OperatorAction::enable, "enable"},
     {OperatorAction::disable, "disable"},
     {OperatorAction::disconnect, "disconnect"}}};

const sql::Query& statement(OperatorAction action) {
  switch (action) {
    case OperatorAction::sync:
      return sql::operator_sync;
    case OperatorAction::reset:
      return sql::operator_reset;
    case OperatorAction::backoff:
      return sql::operator_backoff;
    case OperatorAction::clear_backoff:
      return sql::operator_clear_backoff;
    case OperatorAction::enable:
    case OperatorAction::disable:
      return sql::operator_set_enabled;
    case OperatorAction::disconnect:
      break;
  }
  throw std::logic_error("a disconnect is more than a statement");
}

db::Values parameters(OperatorAction action, const std::string& connections, int minutes) {
  db::Values values{connections};
  if (action == OperatorAction::backoff) values.emplace_back(std::to_string(minutes));
  if (action == OperatorAction::enable) values.emplace_back("true");
  if (action == OperatorAction::disable) values.emplace_back("false");
  return values;
}

}  // namespace

std::string_view action_name(OperatorAction action) {
  return std::find_if(names.begin(), names.end(), [action](const auto& one) { return one.first == action; })->second;
}

std::optional<OperatorAction> parse_action(std::string_view name) {
  const auto* found = std::find_if(names.begin(), names.end(), [name](const auto& one) { return one.second == name; });
  return found == names.end() ? std::nullopt : std::optional(found->first);
}

Task<Touched> do_action(db::Transaction& transaction, OperatorAction action, std::vector<std::string> connections,
                        int minutes) {
  db::Values wanted{db::array_literal(connections)};
  const db::Rows rows = co_await transaction->query(sql::operator_lock, std::move(wanted));
  Touched touched;
  std::vector<std::string> allowed;
  for (int row = 0; row < rows.size(); ++row) {
    touched.found.emplace_back(rows.text(row, "id"));
    const bool refused = action == OperatorAction::enable && rows.flag(row, "awaiting_confirmation");
    (refused ? touched.refused : allowed).emplace_back(rows.text(row, "id"));
  }
  if (allowed.empty()) co_return touched;
  db::Values values = parameters(action, db::array_literal(allowed), minutes);
  co_await transaction->query(statement(action), std::move(values));
  co_await note(transaction, std::move(allowed), "{}");
  co_return touched;
}

}  // namespace calsync::store
