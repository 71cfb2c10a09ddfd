// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "api-server/authenticate.hpp"
#include "api-server/web/html.hpp"
#include "api-server/web/session.hpp"

namespace calsync::api::web {

/// Whose page it is.
struct Visitor {
  std::string name{};
  std::string csrf{};
  std::string message{};  ///< shown once
};

/// Who may come in: an admin token is shown once and becomes a session's cookie, and whatever changes something has to
/// come from a form of ours. Outlives its requests.
class Door {
 public:
  /// `public_url` decides whether cookies are Secure and which Origin is ours.
  Door(const Clock& clock, Random& random, TokenRing admin_tokens, std::string public_url);

  /// For Access::operators. Nothing = may pass, and `request.caller` is set. A GET without a session goes to the login;
  /// a POST from elsewhere, or without the session's token, is 403.
  std::optional<Response> refuse(Request& request);
  /// Of a request that has passed; takes the session's message with it.
  Visitor visitor(const Request& request);
  void leave_message(const Request& request, std::string message);

  /// Whether a browser sent this from a page of this server (Sec-Fetch-Site, else Origin).
  bool from_our_page(const Request& request) const;
  /// The Set-Cookie value of a new session; failure invalid_input for a wrong token, throttled after too many.
  Result<std::string> login(const Request& request, std::string_view token);
  /// The Set-Cookie value that ends the session.
  std::string logout(const Request& request);
  bool knows(const Request& request) { return session_of(request) != nullptr; }

 private:
  Session* session_of(const Request& request);
  std::string cookie(std::string_view value, std::int64_t seconds) const;

  TokenRing tokens_;
  SessionTable sessions_;
  LoginLimit limit_;
  std::string origin_;
  bool secure_;
};

}  // namespace calsync::api::web
