// SPDX-License-Identifier: Apache-2.0
#include "api-server/web/form.hpp"
#include "api-server/web/page.hpp"
#include "api-server/web/pages.hpp"

namespace calsync::api::web {
namespace {

/// Where to go after the login: a page of ours, else the overview.
Path next_page(std::string_view wanted) {
  constexpr std::string_view ours = "/admin/";
  const Path path = Path::checked(wanted);
  const bool safe = path.str() == wanted && wanted.starts_with(ours) && !wanted.starts_with("/admin/log");
  return safe ? path : Path("/admin");
}

Response login_page(const std::string& problem, std::string_view next, int status) {
  Html body;
  if (!problem.empty()) body << "<p class=\"banner bad\" role=\"alert\">" << text(problem) << "</p>";
  body << "<p>An admin token opens the page for twelve hours. Its name stands in the audit of what you do here.</p>"
       << "<form method=\"post\"" << action("/admin/login") << ">" << hidden("next", next)
       << "<div class=\"field wide\"><label for=\"token\">Admin token</label><input type=\"password\" id=\"token\" "
       << "name=\"token\" autocomplete=\"off\" required autofocus></div><button>Log in</button></form>";
  return bare_page("Log in", body, status);
}

Task<Response> show_login(const Pages& pages, Request request) {
  std::string next;
  for (const auto& [name, value] : request.query) {
    if (name == "next") next = value;
  }
  if (pages.door.knows(request)) co_return redirect(next_page(next));
  co_return login_page("", next, 200);
}

Task<Response> log_in(const Pages& pages, Request request) {
  if (!pages.door.from_our_page(request)) {
    co_return login_page("The login was not sent from this page. Open it over https, or on this machine.", "", 403);
  }
  const auto form = read_form(request, {"token", "next"});
  if (!form) co_return login_page(form.error().message, "", 400);
  const auto cookie = pages.door.login(request, form->text("token"));
  if (!cookie) {
    const bool throttled = cookie.error().failure == Failure::throttled;
    pages.services.log.warn("a login to the operators' page failed",
                            {.metadata = {{"peer_address", request.peer_address},
                                          {"reason", throttled ? "too many attempts" : "wrong token"}}});
    Response response = login_page(cookie.error().message + (throttled ? " Try again later." : ""), form->text("next"),
                                   throttled ? 429 : 403);
    if (throttled)
      response.headers.emplace_back(
          "Retry-After", std::to_string(cookie.error().retry_after.value_or(std::chrono::seconds(1)).count()));
    co_return response;
  }
  Response response = redirect(next_page(form->text("next")));
  response.headers.emplace_back("Set-Cookie", *cookie);
  co_return response;
}

Task<Response> log_out(const Pages& pages, Visitor, Request request) {
  Response response = redirect("/admin/login");
  response.headers.emplace_back("Set-Cookie", pages.door.logout(request));
  co_return response;
}

}  // namespace

void add_login_pages(Router& router, const Pages& pages) {
  router.add({"GET", "/admin/login", Access::anyone,
              [&pages](Request request) { return show_login(pages, std::move(request)); }, true});
  router.add({"POST", "/admin/login", Access::anyone,
              [&pages](Request request) { return log_in(pages, std::move(request)); }, true});
  add_page(router, pages, "POST", "/admin/logout", log_out);
}

}  // namespace calsync::api::web
