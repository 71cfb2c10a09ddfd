// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/base/json.hpp"
#include "common/store/connection_store.hpp"

namespace calsync::api {

/// One connection as an object: its row, its age, and why it is or is not syncing.
void put_connection(json::Writer& writer, const store::ConnectionView& view, const sync::GateSettings& gate);
/// The same where more is known than the row.
void put_connection(json::Writer& writer, const store::ConnectionView& view, const sync::Explanation& explanation);

void put_state_changes(json::Writer& writer, const std::vector<store::StateChangeRow>& changes);

}  // namespace calsync::api
