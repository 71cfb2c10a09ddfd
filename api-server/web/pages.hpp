// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "api-server/router.hpp"
#include "api-server/services.hpp"
#include "api-server/web/door.hpp"

namespace calsync::api::web {

/// What the pages work with. Outlives every request.
struct Pages {
  const Services& services;
  Door& door;
};

/// A page for people with a session: reads its input, asks a store, and shows what it says.
using PageHandler = std::function<Task<Response>(const Pages& pages, Visitor visitor, Request request)>;
void add_page(Router& router, const Pages& pages, std::string method, std::string pattern, PageHandler handler);

// Each adds the pages of one room.
void add_login_pages(Router& router, const Pages& pages);
void add_overview_pages(Router& router, const Pages& pages);
void add_connections_pages(Router& router, const Pages& pages);
void add_connection_pages(Router& router, const Pages& pages);
void add_action_pages(Router& router, const Pages& pages);
void add_event_pages(Router& router, const Pages& pages);
void add_job_pages(Router& router, const Pages& pages);
void add_bulk_pages(Router& router, const Pages& pages);
void add_audit_pages(Router& router, const Pages& pages);

}  // namespace calsync::api::web
