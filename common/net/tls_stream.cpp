// SPDX-License-Identifier: Apache-2.0
#include "common/net/tls_stream.hpp"

#include <openssl/err.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace calsync::net {
namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

class TlsStream final : public ByteStream {
 public:
  TlsStream(Socket socket, Openssl<SSL> handle) : stream_(std::move(socket), handle.release()) {}

  ~TlsStream() override {
    // OpenSSL takes a connection that was closed without this for broken and forgets its session. RFC 9112 section 9.8
    // lets a client that has its complete answer leave without a close_notify.
    SSL_set_shutdown(stream_.native_handle(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  }

  Task<Result<void>> shake_hands() {
    const auto [error] = co_await stream_.async_handshake(asio::ssl::stream_base::client, as_result);
    if (!error) co_return Result<void>();
    if (error == asio::error::operation_aborted) co_return stream_failure(error);
    const long verdict = SSL_get_verify_result(stream_.native_handle());
    if (verdict == X509_V_OK) co_return fail(Failure::network, "TLS handshake: " + error.message());
    co_return fail(Failure::network, std::string("certificate refused: ") + X509_verify_cert_error_string(verdict));
  }

  Task<Result<std::size_t>> read_some(std::span<char> into) override {
    const auto [error, count] = co_await stream_.async_read_some(asio::buffer(into.data(), into.size()), as_result);
    // stream_truncated, an end without close_notify, may be an attacker's cut and stays a failure.
    if (error && error != asio::error::eof) co_return stream_failure(error);
    co_return count;
  }

  Task<Result<void>> write_all(std::string_view first, std::string_view second) override {
    const std::array<asio::const_buffer, 2> buffers{asio::buffer(first), asio::buffer(second)};
    const auto [error, count] = co_await asio::async_write(stream_, buffers, as_result);
    if (error) co_return stream_failure(error);
    co_return Result<void>();
  }

  bool quiet() override {
    SSL* ssl = stream_.native_handle();
    char byte = 0;
    ERR_clear_error();
    // Session tickets that came with the answer are taken in here; content, an end or half a record is not quiet.
    const int peeked = SSL_peek(ssl, &byte, 1);
    const bool nothing = peeked <= 0 && SSL_get_error(ssl, peeked) == SSL_ERROR_WANT_READ;
    return nothing && BIO_ctrl_pending(SSL_get_rbio(ssl)) == 0 && quiet_socket(stream_.next_layer());
  }

 private:
  asio::ssl::stream<Socket> stream_;
};

}  // namespace

Task<Result<std::unique_ptr<ByteStream>>> open_tls(Socket socket, Openssl<SSL> handle) {
  auto stream = std::make_unique<TlsStream>(std::move(socket), std::move(handle));
  const Result<void> ready = co_await stream->shake_hands();
  if (!ready) co_return ready.error();
  co_return std::unique_ptr<ByteStream>(std::move(stream));
}

}  // namespace calsync::net
