// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <map>
#include <memory>
#include <string>

#include "common/base/result.hpp"

namespace calsync::net {

struct OpensslFree {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
template <class T>
using Openssl = std::unique_ptr<T, OpensslFree>;

/// OpenSSL's context for clients, and the newest resumable session of each origin. A resumed handshake costs two thirds
/// of a full one and skips the certificate, which was verified for the same origin when the session began.
class TlsSessions {
 public:
  /// `ca_file`: a PEM bundle, empty = the system's store. failure misconfigured when it cannot be read.
  static Result<std::unique_ptr<TlsSessions>> create(const std::string& ca_file);

  /// A handle ready for the handshake: SNI and verification for `host` (a name or an address), the origin's session.
  /// Null when OpenSSL is out of memory or `host` cannot be a host.
  Openssl<SSL> handle(const std::string& host, const std::string& origin);

 private:
  explicit TlsSessions(Openssl<SSL_CTX> context);
  static int keep(SSL* ssl, SSL_SESSION* session);

  Openssl<SSL_CTX> context_;
  std::map<std::string, Openssl<SSL_SESSION>> newest_;
};

}  // namespace calsync::net
