// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "api-server/web/html.hpp"
#include "common/sync/timeline.hpp"

namespace calsync::api::web {

/// Folded entries, newest first.
Html timeline_view(const std::vector<sync::FoldedEntry>& entries, Time now);

}  // namespace calsync::api::web
