// SPDX-License-Identifier: Apache-2.0
#include "loopback_server.hpp"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch.hpp>
#include <charconv>
#include <cstring>

namespace calsync::testing {

using asio::ip::tcp;
using TlsSocket = asio::ssl::stream<tcp::socket>;
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

struct LoopbackServer::State {
  State(asio::io_context& context, ManualClock& the_clock, std::vector<Script> the_scripts)
      : clock(the_clock),
        scripts(std::move(the_scripts)),
        acceptor(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {}

  ManualClock& clock;
  std::vector<Script> scripts;
  tcp::acceptor acceptor;
  std::unique_ptr<asio::ssl::context> tls;
  int connections = 0;
  int resumed = 0;
  int closed_by_client = 0;
  std::vector<std::string> requests;
};

namespace {

std::size_t content_length(std::string_view head) {
  constexpr std::string_view name = "\r\nContent-Length: ";
  const auto at = head.find(name);
  std::size_t length = 0;
  if (at != std::string_view::npos) {
    std::from_chars(head.data() + at + name.size(), head.data() + head.size(), length);
  }
  return length;
}

template <class Stream>
Task<bool> read_request(Stream& stream, std::string& pending, std::vector<std::string>& requests) {
  const auto [error, head] =
      co_await asio::async_read_until(stream, asio::dynamic_buffer(pending), "\r\n\r\n", as_result);
  if (error) co_return false;
  const auto whole = head + content_length(std::string_view(pending).substr(0, head));
  while (pending.size() < whole) {
    std::array<char, 1024> more{};
    const auto [failed, count] = co_await stream.async_read_some(asio::buffer(more), as_result);
    if (failed) co_return false;
    pending.append(more.data(), count);
  }
  requests.push_back(pending.substr(0, whole));
  pending.erase(0, whole);
  co_return true;
}

template <class Stream>
Task<bool> write(Stream& stream, std::string_view bytes) {
  const auto [error, count] = co_await asio::async_write(stream, asio::buffer(bytes), as_result);
  co_return !error;
}

void abort_connection(tcp::socket& socket) {
  socket.set_option(tcp::socket::linger(true, 0));
  socket.close();
}

template <class Stream>
Task<bool> play_step(LoopbackServer::State& state, Stream& stream, tcp::socket& socket, std::string& pending,
                     Step step) {
  switch (step.kind) {
    case Step::Kind::request: {
      const bool read = co_await read_request(stream, pending, state.requests);
      co_return read;
    }
    case Step::Kind::send: {
      const bool written = co_await write(stream, step.bytes);
      co_return written;
    }
    case Step::Kind::drip:
      for (std::size_t i = 0; i < step.bytes.size(); ++i) {
        const bool written = co_await write(stream, std::string_view(step.bytes).substr(i, 1));
        if (!written) co_return false;
        state.clock.advance(step.time);
      }
      co_return true;
    case Step::Kind::advance:
      state.clock.advance(step.time);
      co_return true;
    case Step::Kind::await_close: {
      std::array<char, 256> ignored{};
      boost::system::error_code error;
      while (!error) std::tie(error, std::ignore) = co_await stream.async_read_some(asio::buffer(ignored), as_result);
      ++state.closed_by_client;
      co_return false;
    }
    case Step::Kind::reset:
      abort_connection(socket);
      co_return false;
  }
  co_return false;
}

template <class Stream>
Task<void> play(std::shared_ptr<LoopbackServer::State> state, Stream& stream, tcp::socket& socket, Script script) {
  std::string pending;
  for (const Step& step : script) {
    const bool goes_on = co_await play_step(*state, stream, socket, pending, step);
    if (!goes_on) break;
  }
}

Task<void> serve_tls(std::shared_ptr<LoopbackServer::State> state, tcp::socket socket, Script script) {
  TlsSocket stream(std::move(socket), *state->tls);
  const auto [error] = co_await stream.async_handshake(asio::ssl::stream_base::server, as_result);
  if (error) co_return;
  ++state->connections;
  if (SSL_session_reused(stream.native_handle())) ++state->resumed;
  co_await play(state, stream, stream.next_layer(), std::move(script));
}

Task<void> serve_plain(std::shared_ptr<LoopbackServer::State> state, tcp::socket socket, Script script) {
  ++state->connections;
  co_await play(state, socket, socket, std::move(script));
}

Task<void> accept_all(std::shared_ptr<LoopbackServer::State> state) {
  for (std::size_t next = 0;; ++next) {
    auto [error, socket] = co_await state->acceptor.async_accept(as_result);
    if (error) co_return;
    socket.set_option(tcp::no_delay(true));
    Script script = next < state->scripts.size() ? state->scripts[next] : Script();
    const auto executor = state->acceptor.get_executor();
    Task<void> served = state->tls ? serve_tls(state, std::move(socket), std::move(script))
                                   : serve_plain(state, std::move(socket), std::move(script));
    asio::co_spawn(executor, std::move(served), asio::detached);
  }
}

void start(const std::shared_ptr<LoopbackServer::State>& state) {
  asio::co_spawn(state->acceptor.get_executor(), accept_all(state), asio::detached);
}

std::string pem_text(BIO* bio) {
  char* bytes = nullptr;
  const auto size = BIO_get_mem_data(bio, &bytes);
  return std::string(bytes, static_cast<std::size_t>(size));
}

}  // namespace

Step request() { return {Step::Kind::request}; }
Step send(std::string bytes) { return {Step::Kind::send, std::move(bytes)}; }
Step drip(std::string bytes, Duration each) { return {Step::Kind::drip, std::move(bytes), each}; }
Step advance(Duration time) { return {Step::Kind::advance, {}, time}; }
Step await_close() { return {Step::Kind::await_close}; }
Step reset() { return {Step::Kind::reset}; }

std::string ok(const std::string& body, const std::string& more_headers) {
  return "HTTP/1.1 200 OK\r\n" + more_headers + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

Script answers(std::vector<std::string> each) {
  Script script;
  for (std::string& bytes : each) {
    script.push_back(request());
    script.push_back(send(std::move(bytes)));
  }
  script.push_back(await_close());
  return script;
}

Identity make_identity(const std::string& san, int from_days, int to_days) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), &X509_free);
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 86400L * from_days);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 86400L * to_days);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  X509_EXTENSION* names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, san.c_str());
  X509_add_ext(certificate.get(), names, -1);
  X509_EXTENSION_free(names);
  X509_sign(certificate.get(), key.get(), EVP_sha256());
  const std::unique_ptr<BIO, decltype(&BIO_free)> certificate_pem(BIO_new(BIO_s_mem()), &BIO_free);
  const std::unique_ptr<BIO, decltype(&BIO_free)> key_pem(BIO_new(BIO_s_mem()), &BIO_free);
  PEM_write_bio_X509(certificate_pem.get(), certificate.get());
  PEM_write_bio_PrivateKey(key_pem.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return {pem_text(certificate_pem.get()), pem_text(key_pem.get())};
}

LoopbackServer::LoopbackServer(asio::io_context& context, ManualClock& clock, std::vector<Script> scripts)
    : state_(std::make_shared<State>(context, clock, std::move(scripts))) {
  start(state_);
}

LoopbackServer::LoopbackServer(asio::io_context& context, ManualClock& clock, std::vector<Script> scripts,
                               const Identity& identity, int newest)
    : state_(std::make_shared<State>(context, clock, std::move(scripts))) {
  state_->tls = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
  state_->tls->use_certificate(asio::buffer(identity.certificate), asio::ssl::context::pem);
  state_->tls->use_private_key(asio::buffer(identity.key), asio::ssl::context::pem);
  SSL_CTX* native = state_->tls->native_handle();
  SSL_CTX_set_session_id_context(native, reinterpret_cast<const unsigned char*>("test"), 4);
  if (newest != 0) SSL_CTX_set_max_proto_version(native, newest);
  start(state_);
}

LoopbackServer::~LoopbackServer() { state_->acceptor.close(); }

unsigned short LoopbackServer::port() const { return state_->acceptor.local_endpoint().port(); }
std::string LoopbackServer::url(const std::string& path, const std::string& host) const {
  return (state_->tls ? "https://" : "http://") + host + ":" + std::to_string(port()) + path;
}
int LoopbackServer::connections() const { return state_->connections; }
int LoopbackServer::resumed() const { return state_->resumed; }
int LoopbackServer::closed_by_client() const { return state_->closed_by_client; }
const std::vector<std::string>& LoopbackServer::requests() const { return state_->requests; }

}  // namespace calsync::testing
