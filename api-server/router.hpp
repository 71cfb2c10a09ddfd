// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "api-server/authenticate.hpp"
#include "api-server/guesses.hpp"
#include "api-server/http.hpp"

namespace calsync::api {

/// operators: people with a session of the page below /admin; whatever is no GET has to come from a form of ours.
enum class Access { anyone, app, admin, app_or_admin, operators };

struct Endpoint {
  std::string method;   ///< "GET" answers HEAD too
  std::string pattern;  ///< "/api/calendar/connections/{id}"; a parameter is one whole, non-empty segment
  Access access;
  Handler handler;
  bool any_content = false;  ///< the handler itself refuses bodies that are no JSON
};

/// Finds the endpoint of a request, authenticates the caller and hands over. An unknown path (also one with a slash too
/// many) is 404 for everybody, a known path with another method 405, a missing or wrong token 401 (429 after too
/// many wrong ones at the operators' endpoints), a token of the wrong kind 403 (the operators' door has answers of its
/// own), and only then a body that is not a JSON object 415 or 400. Outlives its requests.
class Router {
 public:
  /// Told of a request to a known path that no handler sees, with the status of the answer.
  using Refused = std::function<void(const Request& request, int status)>;

  /// `guesses` bounds the unknown tokens that an address may show to endpoints of operators; nothing = no bound.
  Router(TokenRing app_tokens, TokenRing admin_tokens, Refused refused = {}, Guesses* guesses = nullptr)
      : app_tokens_(std::move(app_tokens)),
        admin_tokens_(std::move(admin_tokens)),
        refused_(std::move(refused)),
        guesses_(guesses) {}

  /// Decides about Access::operators. Nothing = may pass; sets the caller.
  using OperatorsDoor = std::function<std::optional<Response>(Request& request)>;
  void set_operators_door(OperatorsDoor door) { operators_door_ = std::move(door); }

  /// Where two patterns match a path, the one added first is taken.
  void add(Endpoint endpoint);
  Task<Response> route(Request request) const;
  /// Method and pattern of every endpoint, in the order of their addition.
  std::vector<std::pair<std::string, std::string>> addresses() const;

 private:
  struct Compiled {
    Endpoint endpoint;
    std::vector<std::string> segments;
  };
  /// Nothing = no such path, or (then `allowed` lists the methods) not with this method.
  const Compiled* find(const Request& request, std::string& allowed) const;
  /// Nothing = may pass; sets the caller.
  std::optional<Response> refuse(Access access, Request& request) const;
  Response refuse_with(const Request& request, Response response) const;

  TokenRing app_tokens_;
  TokenRing admin_tokens_;
  Refused refused_;
  Guesses* guesses_;
  OperatorsDoor operators_door_;
  std::vector<Compiled> endpoints_;
};

}  // namespace calsync::api
