// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api-server/web/pages.hpp"

namespace calsync::api {

/// The operators' page: everything below /admin. `pages` outlives the router's requests.
void add_web_routes(Router& router, const web::Pages& pages);

}  // namespace calsync::api
