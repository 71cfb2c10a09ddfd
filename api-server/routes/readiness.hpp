// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api-server/http.hpp"
#include "api-server/services.hpp"

namespace calsync::api {

/// Able to serve: it is not stopping, the database answers, its schema is one that this build knows, and the key ring
/// has every key that credentials are sealed with. 200, or 503 with what is missing; both name each check.
Task<Response> show_readiness(const Services& services, Request request);

}  // namespace calsync::api
