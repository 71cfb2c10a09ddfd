// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "common/store/operator_store.hpp"

namespace calsync::store {

/// Which of the connections an action found, and which of those it may not touch.
struct Touched {
  std::vector<std::string> found{};
  std::vector<std::string> refused{};  ///< enable: they wait for the host application's confirmation
};

/// Locks the connections in the order of their ids, does the action to them, and sees to it that each that was not
/// refused has its line in the audit. Within a signed transaction; any action but `disconnect`.
Task<Touched> do_action(db::Transaction& transaction, OperatorAction action, std::vector<std::string> connections,
                        int minutes);

}  // namespace calsync::store
