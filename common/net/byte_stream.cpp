// SPDX-License-Identifier: Apache-2.0
#include "common/net/byte_stream.hpp"

#include <sys/socket.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <utility>

namespace calsync::net {
namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

class PlainStream final : public ByteStream {
 public:
  explicit PlainStream(Socket socket) : socket_(std::move(socket)) {}

  Task<Result<std::size_t>> read_some(std::span<char> into) override {
    const auto [error, count] = co_await socket_.async_read_some(asio::buffer(into.data(), into.size()), as_result);
    if (error && error != asio::error::eof) co_return stream_failure(error);
    co_return count;
  }

  Task<Result<void>> write_all(std::string_view first, std::string_view second) override {
    const std::array<asio::const_buffer, 2> buffers{asio::buffer(first), asio::buffer(second)};
    const auto [error, count] = co_await asio::async_write(socket_, buffers, as_result);
    if (error) co_return stream_failure(error);
    co_return Result<void>();
  }

  bool quiet() override { return quiet_socket(socket_); }

 private:
  Socket socket_;
};

}  // namespace

Error stream_failure(const boost::system::error_code& error) {
  if (error == asio::error::operation_aborted) return fail(Failure::cancelled, "the connection was given up");
  return fail(Failure::network, error.message());
}

bool quiet_socket(Socket& socket) {
  char byte = 0;
  const auto count = ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

Task<Result<Socket>> connect_tcp(asio::any_io_executor executor, asio::ip::tcp::endpoint endpoint) {
  Socket socket(std::move(executor));
  const auto [error] = co_await socket.async_connect(endpoint, as_result);
  if (error) co_return stream_failure(error);
  boost::system::error_code ignored;  // without it requests are only a little slower
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  co_return std::move(socket);
}

std::unique_ptr<ByteStream> plain_stream(Socket socket) { return std::make_unique<PlainStream>(std::move(socket)); }

}  // namespace calsync::net
