// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/net/byte_stream.hpp"
#include "common/net/tls_sessions.hpp"

namespace calsync::net {

/// Shakes hands over `socket` with a handle of TlsSessions, which outlives the stream. failure network names why the
/// handshake or the certificate failed.
Task<Result<std::unique_ptr<ByteStream>>> open_tls(Socket socket, Openssl<SSL> handle);

}  // namespace calsync::net
