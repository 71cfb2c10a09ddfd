// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "common/async/task.hpp"
#include "common/base/result.hpp"

namespace calsync::net {

/// One open connection, plain or TLS. Destroying it closes the socket; cancelling a waiting coroutine ends its
/// operation. Failures: network with the cause, cancelled.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  /// The number of bytes read; 0 = the peer ended the stream in order (with TLS: said so).
  virtual Task<Result<std::size_t>> read_some(std::span<char> into) = 0;
  virtual Task<Result<void>> write_all(std::string_view first, std::string_view second) = 0;
  /// The peer is still there and has sent nothing that was not read.
  virtual bool quiet() = 0;
};

using Socket = boost::asio::ip::tcp::socket;

/// The socket lives on `executor`.
Task<Result<Socket>> connect_tcp(boost::asio::any_io_executor executor, boost::asio::ip::tcp::endpoint endpoint);
std::unique_ptr<ByteStream> plain_stream(Socket socket);

/// Nothing unread in the kernel, and no end either.
bool quiet_socket(Socket& socket);
/// Failure network, or cancelled for an operation that was cancelled.
Error stream_failure(const boost::system::error_code& error);

}  // namespace calsync::net
