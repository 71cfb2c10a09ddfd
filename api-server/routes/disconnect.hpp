// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api-server/http.hpp"
#include "api-server/services.hpp"

namespace calsync::api {

/// Revokes the grant at the provider and erases everything of the connection. The erasure never waits for the provider:
/// a grant that cannot be revoked now is queued for the workers, and a grant that another connection shares is left
/// alone. The audit keeps the author's line, which is written with the erasure.
Task<Response> disconnect(const Services& services, sync::Admission admission, store::ConnectionView connection,
                          store::Author author);

}  // namespace calsync::api
