// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "common/base/random.hpp"
#include "common/net/http.hpp"
#include "common/net/url.hpp"

namespace calsync::net {

/// OAuth 2.0 authorization code grant with PKCE (RFC 6749, RFC 7636), as values and free functions.
struct OAuthClient {
  std::string client_id;
  Secret client_secret;
  std::string redirect_uri;
  std::string authorize_url;
  std::string token_url;
  std::string revoke_url;
};

struct TokenGrant {
  Secret access_token;
  Secret refresh_token;  ///< empty = the answer had none: keep the stored one
  std::optional<std::chrono::seconds> expires_in{};
  std::set<std::string> scopes{};  ///< what was granted; empty = the answer did not say
  Secret id_token{};
};

/// 43 characters of base64url (RFC 7636 section 4.1).
Secret make_code_verifier(Random& random);
std::string code_challenge(const Secret& verifier);  ///< S256

std::string authorization_url(const OAuthClient& client, const Parameters& extra, std::string_view scope,
                              std::string_view state, const Secret& verifier);
/// `extra`: what one provider wants besides.
HttpRequest code_exchange_request(const OAuthClient& client, std::string_view code, const Secret& verifier,
                                  const Parameters& extra = {});
HttpRequest refresh_request(const OAuthClient& client, const Secret& refresh_token, const Parameters& extra = {});
HttpRequest revoke_request(const OAuthClient& client, const Secret& token);

/// invalid_grant = grant_dead; invalid_client, unauthorized_client, redirect_uri_mismatch … = misconfigured (the
/// operator's mistake); 429 = throttled; 5xx = unavailable; anything unreadable = malformed (RFC 6749 section 5.2).
/// No message contains a token, a code or a parameter's value.
Result<TokenGrant> parse_token_response(const HttpResponse& response, Time now);
/// Success also when the server does not know the token (any more): RFC 7009 section 2.2 asks for 200 there, but some
/// servers answer 400 invalid_token. Failures as above.
Result<void> parse_revoke_response(const HttpResponse& response, Time now);
/// The claims that are text, of an id_token received straight from the token endpoint over TLS, where OpenID Connect
/// Core 3.1.3.7 (6) allows skipping the signature; checks aud == client_id and exp. failures: malformed (not a token),
/// rejected (expired, or made for somebody else).
Result<std::map<std::string, std::string>> id_token_claims(const Secret& id_token, std::string_view client_id,
                                                           Time now);
/// Of them, who connected.
struct IdentityClaims {
  std::string subject;
  std::string email;
};
Result<IdentityClaims> parse_id_token(const Secret& id_token, std::string_view client_id, Time now);

}  // namespace calsync::net
