// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/net/http.hpp"
#include "tests/emulator/http_message.hpp"

namespace calsync::emulator {
class Provider;
}

namespace calsync::simulation {

/// The emulator's answer to a request of the product. The call has taken effect when this returns.
emulator::Response answer_in_process(emulator::Provider& provider, const net::HttpRequest& request);

/// What the client gets of that answer: the answer, or the failure that its delivery or its size is on a real
/// connection.
Result<net::HttpResponse> received(const net::HttpRequest& request, emulator::Response response,
                                   std::int64_t oversized_bytes);

}  // namespace calsync::simulation
