// SPDX-License-Identifier: Apache-2.0
#include "api-server/web/door.hpp"

#include <fmt/format.h>

#include "api-server/routes/cookies.hpp"
#include "api-server/web/form.hpp"
#include "api-server/web/page.hpp"
#include "common/base/crypto.hpp"
#include "common/net/url.hpp"

namespace calsync::api::web {
namespace {

const std::string cookie_name = "calsync_operator";

/// "scheme://host:port" with the port always given, so that two spellings of one origin are equal.
std::string origin_of(std::string_view url) {
  const auto parsed = net::parse_url(url);
  return parsed ? parsed->origin() : std::string();
}

Response to_login(const Request& request) {
  const bool asks_page = request.method == "GET" && request.target != "/admin";
  return redirect(Path("/admin/login").with("next", asks_page ? request.target : std::string()));
}

}  // namespace

Door::Door(const Clock& clock, Random& random, TokenRing admin_tokens, std::string public_url)
    : tokens_(std::move(admin_tokens)),
      sessions_(clock, random),
      limit_(clock),
      origin_(origin_of(public_url)),
      secure_(public_url.starts_with("https://")) {}

std::optional<Response> Door::refuse(Request& request) {
  const bool changes = request.method != "GET" && request.method != "HEAD";
  if (changes && !from_our_page(request)) {
    return problem_page(403, "This form was not sent from a page of this server.",
                        "Open the page here, over https (or on this machine), and send it again.");
  }
  const Session* session = session_of(request);
  if (!session) return to_login(request);
  if (changes) {
    const auto form = read_any_form(request);
    if (!form) return problem_page(400, "This form cannot be read.", form.error().message);
    if (!equal_constant_time(form->text("csrf"), session->csrf)) {
      return problem_page(403, "This form belongs to another session.",
                          "Go back, load the page again, and send it again.");
    }
  }
  request.caller = Caller{session->name, CallerKind::admin};
  return std::nullopt;
}

Visitor Door::visitor(const Request& request) {
  Session* session = session_of(request);
  if (!session) return {};
  Visitor visitor{session->name, session->csrf, std::move(session->message)};
  session->message.clear();
  return visitor;
}

void Door::leave_message(const Request& request, std::string message) {
  if (Session* session = session_of(request)) session->message = std::move(message);
}

bool Door::from_our_page(const Request& request) const {
  const std::string_view site = request.header("sec-fetch-site");
  const std::string_view origin = request.header("origin");
  // With Referrer-Policy: no-referrer a form's Origin is "null": then only the other header can vouch for it.
  const bool opaque = origin.empty() || origin == "null";
  const auto host = fmt::format("//{}", request.header("host"));
  const bool ours = !opaque && (origin_of(origin) == origin_ || origin_of(origin) == origin_of("http:" + host) ||
                                origin_of(origin) == origin_of("https:" + host));
  if (!site.empty()) return site == "same-origin" && (opaque || ours);
  return ours;
}

Result<std::string> Door::login(const Request& request, std::string_view token) {
  if (const auto wait = limit_.wait(request.peer_address))
    return fail(Failure::throttled, "There were too many failed attempts.", *wait);
  const std::optional<Caller> caller = tokens_.find(token);
  if (!caller) {
    limit_.failed(request.peer_address);
    return fail(Failure::invalid_input, "This is no admin token.");
  }
  logout(request);
  return cookie(sessions_.begin(caller->name), std::chrono::seconds(SessionTable::life).count());
}

std::string Door::logout(const Request& request) {
  sessions_.end(cookie_value(request, cookie_name));
  return cookie("", 0);
}

Session* Door::session_of(const Request& request) { return sessions_.find(cookie_value(request, cookie_name)); }

std::string Door::cookie(std::string_view value, std::int64_t seconds) const {
  return fmt::format("{}={}; Path=/admin; Max-Age={}; HttpOnly; SameSite=Strict{}", cookie_name, value, seconds,
                     secure_ ? "; Secure" : "");
}

}  // namespace calsync::api::web
