// SPDX-License-Identifier: Apache-2.0
#include "common/net/tls_sessions.hpp"

#include <boost/asio/ip/address.hpp>

namespace calsync::net {
namespace {

constexpr std::size_t max_origins = 1024;

void free_origin(void*, void* origin, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<std::string*>(origin); }

/// Where a handle keeps its origin. Not SSL_set_app_data: Asio deletes what it finds there.
int origin_slot() {
  static const int slot = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, free_origin);
  return slot;
}

bool expect_host(SSL* ssl, std::string host) {
  X509_VERIFY_PARAM* verify = SSL_get0_param(ssl);
  boost::system::error_code not_an_address;
  const auto address = boost::asio::ip::make_address(host, not_an_address);
  if (!not_an_address) return X509_VERIFY_PARAM_set1_ip_asc(verify, address.to_string().c_str()) == 1;
  if (host.ends_with('.'))
    host.pop_back();  // the root's dot is neither in SNI (RFC 6066 section 3) nor in certificates
  X509_VERIFY_PARAM_set_hostflags(verify, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return X509_VERIFY_PARAM_set1_host(verify, host.c_str(), host.size()) == 1 &&
         SSL_set_tlsext_host_name(ssl, host.c_str()) == 1;
}

}  // namespace

Result<std::unique_ptr<TlsSessions>> TlsSessions::create(const std::string& ca_file) {
  Openssl<SSL_CTX> context(SSL_CTX_new(TLS_client_method()));
  if (!context) return fail(Failure::internal, "OpenSSL made no TLS context");
  const int loaded = ca_file.empty() ? SSL_CTX_set_default_verify_paths(context.get())
                                     : SSL_CTX_load_verify_file(context.get(), ca_file.c_str());
  if (loaded != 1) return fail(Failure::misconfigured, "the CA file '" + ca_file + "' holds no readable certificates");
  constexpr unsigned char http1[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_alpn_protos(context.get(), http1, sizeof http1);
  return std::unique_ptr<TlsSessions>(new TlsSessions(std::move(context)));
}

TlsSessions::TlsSessions(Openssl<SSL_CTX> context) : context_(std::move(context)) {
  SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_set_app_data(context_.get(), this);
  SSL_CTX_sess_set_new_cb(context_.get(), &TlsSessions::keep);
}

Openssl<SSL> TlsSessions::handle(const std::string& host, const std::string& origin) {
  Openssl<SSL> ssl(SSL_new(context_.get()));
  if (!ssl || !expect_host(ssl.get(), host)) return nullptr;
  auto key = std::make_unique<std::string>(origin);
  if (SSL_set_ex_data(ssl.get(), origin_slot(), key.get()) != 1) return nullptr;
  key.release();  // free_origin has it now
  const auto known = newest_.find(origin);
  if (known != newest_.end()) SSL_set_session(ssl.get(), known->second.get());
  return ssl;
}

/// OpenSSL's callback for each session ticket; the return value 1 takes the reference.
int TlsSessions::keep(SSL* ssl, SSL_SESSION* session) {
  auto* self = static_cast<TlsSessions*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  const auto* origin = static_cast<const std::string*>(SSL_get_ex_data(ssl, origin_slot()));
  if (self == nullptr || origin == nullptr || SSL_get_verify_result(ssl) != X509_V_OK) return 0;
  if (self->newest_.size() >= max_origins && !self->newest_.contains(*origin)) self->newest_.clear();
  self->newest_[*origin].reset(session);
  return 1;
}

}  // namespace calsync::net
