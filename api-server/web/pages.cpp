// SPDX-License-Identifier: Apache-2.0
#include "api-server/web/pages.hpp"

#include "api-server/web/assets.hpp"
#include "api-server/web/page.hpp"
#include "api-server/web/web_routes.hpp"

namespace calsync::api {
namespace web {
namespace {

Task<Response> send_asset(Request request) {
  co_return asset_response(request.path_parameters.at("hash"), request.path_parameters.at("name"));
}

/// The visitor is looked up before the page waits for anything: a logout meanwhile does not take the page away.
Task<Response> answer(const Pages& pages, PageHandler handler, Request request) {
  Visitor visitor = pages.door.visitor(request);
  co_return co_await handler(pages, std::move(visitor), std::move(request));
}

}  // namespace

void add_page(Router& router, const Pages& pages, std::string method, std::string pattern, PageHandler handler) {
  router.add(
      {std::move(method), std::move(pattern), Access::operators,
       [&pages, handler = std::move(handler)](Request request) { return answer(pages, handler, std::move(request)); },
       true});
}

}  // namespace web

void add_web_routes(Router& router, const web::Pages& pages) {
  router.add({"GET", "/admin/assets/{hash}/{name}", Access::anyone,
              [](Request request) { return web::send_asset(std::move(request)); }});
  web::add_login_pages(router, pages);
  web::add_overview_pages(router, pages);
  web::add_connections_pages(router, pages);
  web::add_connection_pages(router, pages);
  web::add_action_pages(router, pages);
  web::add_event_pages(router, pages);
  web::add_job_pages(router, pages);
  web::add_bulk_pages(router, pages);
  web::add_audit_pages(router, pages);
}

}  // namespace calsync::api
