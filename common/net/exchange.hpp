// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/net/byte_stream.hpp"
#include "common/net/http.hpp"

namespace calsync::net {

struct Exchange {
  Result<HttpResponse> answer;
  bool answered = false;  ///< a byte of an answer arrived
  bool reusable = false;  ///< the connection may carry another request
};

/// Sends one request, whose `head` is written already, and reads its answer. `stream`, `head` and `request` outlive the
/// call.
Task<Exchange> exchange(ByteStream& stream, const Secret& head, const HttpRequest& request);

}  // namespace calsync::net
