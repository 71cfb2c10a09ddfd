// SPDX-License-Identifier: Apache-2.0
#include "api-server/router.hpp"

#include <algorithm>

#include "api-server/http.hpp"

namespace calsync::api {
namespace {

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> segments;
  while (!path.empty()) {
    path.remove_prefix(1);
    const auto slash = path.find('/');
    segments.emplace_back(path.substr(0, slash));
    path.remove_prefix(std::min(slash, path.size()));
  }
  return segments;
}

bool is_parameter(const std::string& segment) { return segment.starts_with('{'); }

bool matches(const std::vector<std::string>& pattern, const std::vector<std::string>& path) {
  if (pattern.size() != path.size()) return false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (is_parameter(pattern[i]) ? path[i].empty() : pattern[i] != path[i]) return false;
  }
  return true;
}

void read_parameters(const std::vector<std::string>& pattern, Request& request) {
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (!is_parameter(pattern[i])) continue;
    request.path_parameters[pattern[i].substr(1, pattern[i].size() - 2)] = request.segments[i];
  }
}

void allow(std::string& allowed, std::string_view method) {
  allowed.append(allowed.empty() ? "" : ", ").append(method);
  if (method == "GET") allowed.append(", HEAD");
}

Response unauthorized() {
  Response response = error_response(401, "unauthorized", "a valid bearer token is required");
  response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

Response too_many_guesses() {
  Response response = error_response(429, "too_many_failures", "too many unknown tokens came from this address");
  response.headers.emplace_back("Retry-After", std::to_string(Guesses::pause.count()));
  return response;
}

Response method_not_allowed(const std::string& allowed) {
  Response response = error_response(405, "method_not_allowed", "this address takes " + allowed);
  response.headers.emplace_back("Allow", allowed);
  return response;
}

}  // namespace

void Router::add(Endpoint endpoint) {
  std::vector<std::string> segments = split(endpoint.pattern);
  endpoints_.push_back({std::move(endpoint), std::move(segments)});
}

std::vector<std::pair<std::string, std::string>> Router::addresses() const {
  std::vector<std::pair<std::string, std::string>> all;
  for (const Compiled& one : endpoints_) all.emplace_back(one.endpoint.method, one.endpoint.pattern);
  return all;
}

const Router::Compiled* Router::find(const Request& request, std::string& allowed) const {
  const std::string_view method = request.method == "HEAD" ? "GET" : std::string_view(request.method);
  for (const Compiled& one : endpoints_) {
    if (!matches(one.segments, request.segments)) continue;
    if (one.endpoint.method == method) return &one;
    allow(allowed, one.endpoint.method);
  }
  return nullptr;
}

std::optional<Response> Router::refuse(Access access, Request& request) const {
  if (access == Access::anyone) return std::nullopt;
  if (access == Access::operators) return operators_door_ ? operators_door_(request) : unauthorized();
  const std::optional<std::string> token = bearer_token(request);
  if (!token) return unauthorized();
  // Only where operators go: the host application's calls may share an address with anybody's.
  Guesses* guesses = access == Access::admin ? guesses_ : nullptr;
  if (guesses && guesses->exhausted(request.peer_address)) return too_many_guesses();
  const std::optional<Caller> app = app_tokens_.find(*token);
  const std::optional<Caller> admin = admin_tokens_.find(*token);
  if (!app && !admin) {
    if (guesses) guesses->count(request.peer_address);
    return unauthorized();
  }
  if (admin && access != Access::app) {
    request.caller = admin;
  } else if (app && access != Access::admin) {
    request.caller = app;
  } else {
    const char* sentence = access == Access::admin ? "this needs an admin token" : "this needs an app token";
    return error_response(403, "forbidden", sentence);
  }
  return std::nullopt;
}

Response Router::refuse_with(const Request& request, Response response) const {
  if (refused_) refused_(request, response.status);
  return response;
}

Task<Response> Router::route(Request request) const {
  std::string allowed;
  const Compiled* found = find(request, allowed);
  if (!found && allowed.empty()) co_return error_response(404, "not_found", "there is no such address");
  if (!found) co_return refuse_with(request, method_not_allowed(allowed));
  if (auto refusal = refuse(found->endpoint.access, request)) co_return refuse_with(request, *std::move(refusal));
  if (!found->endpoint.any_content) {
    if (auto refusal = refuse_content(request)) co_return refuse_with(request, *std::move(refusal));
  }
  read_parameters(found->segments, request);
  Response response = co_await found->endpoint.handler(std::move(request));
  co_return response;
}

}  // namespace calsync::api
