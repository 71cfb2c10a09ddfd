// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api-server/services.hpp"
#include "api-server/web/html.hpp"
#include "common/store/connection_store.hpp"

namespace calsync::api::web {

/// Why the connection is or is not syncing, whose matter that is, the one thing to do, and what is known.
Task<Html> explanation_view(const Services& services, store::ConnectionView view);

}  // namespace calsync::api::web
