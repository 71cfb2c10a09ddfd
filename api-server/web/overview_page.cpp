// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <map>

#include "api-server/web/connection_filter.hpp"
#include "api-server/web/overview_charts.hpp"
#include "api-server/web/page.hpp"
#include "api-server/web/pages.hpp"
#include "common/base/json.hpp"
#include "common/base/repeatable.hpp"
#include "common/db/migrate.hpp"
#include "common/store/status_store.hpp"

namespace calsync::api::web {
namespace {

/// An object of the status store; what is not JSON has no fields.
struct Object {
  explicit Object(const std::string& json) : document(json::parse(json)) {}
  std::string text(std::string_view name) const { return document ? json::text_at(*document, name) : ""; }
  std::optional<Time> time(std::string_view name) const { return parse_rfc3339(text(name)); }
  Result<json::Document> document;
};

Html banner(Literal kind, const Html& what, const Html& advice) {
  Html html;
  html << "<div" << attribute("class", "banner " + std::string(kind.str())) << " role=\"alert\"><p><strong>" << what
       << "</strong></p><p>" << advice << "</p></div>";
  return html;
}

Html circuit_banner(const Object& circuit, Time now) {
  Html what;
  what << text(circuit.text("provider")) << " at " << said(circuit.text("host")) << " is "
       << (circuit.text("state") == "ramping" ? Html("on its way back") : Html("away")) << " since "
       << moment(circuit.time("opened_at"), now);
  Html advice;
  advice << said(circuit.text("reason")) << ". Its connections wait untouched. ";
  if (circuit.time("next_probe_at")) advice << "Next probe: " << moment(circuit.time("next_probe_at"), now) << ". ";
  advice << "Owner: the provider. See its status page; nothing is to be done here.";
  return banner("bad", what, advice);
}

Html budget_banner(const Object& budget, Time now) {
  Html what;
  what << "A quota is used up: " << text(budget.text("scope")) << " " << said(budget.text("key"));
  Html advice;
  advice << "The provider refused further calls; they go on " << moment(budget.time("blocked_until"), now) << ".";
  return banner("warn", what, advice);
}

/// A switch is read by each process; a worker that was not reloaded goes on with the old one.
Html differing_worker(const sync::GateSettings& theirs, const sync::GateSettings& ours) {
  Html html;
  for (const auto& [flag, on] : ours.flags) {
    if (theirs.on(flag) == on) continue;
    Html what;
    what << "A worker runs with " << text(sync::flag_name(flag)) << (on ? Html(" off") : Html(" on"))
         << ", this server with it " << (on ? Html("on") : Html("off"));
    html << banner("bad", what, "Correct it where the worker reads its settings, and reload the worker.");
  }
  return html;
}

Html incidents(const store::QueueStatus& status, const sync::GateSettings& gate, Time now) {
  Html html;
  for (const std::string& one : status.circuits) html << circuit_banner(Object(one), now);
  for (const std::string& one : status.blocked_buckets) html << budget_banner(Object(one), now);
  if (status.workers.empty())
    html << banner("bad", "No sync-worker is alive", "Nothing is synced. Start one and read its log.");
  if (!status.workers.empty() && status.worker_gate) html << differing_worker(*status.worker_gate, gate);
  for (const sync::InvalidSetting& one : gate.invalid) {
    Html what;
    what << "The value of " << text(one.name) << " is invalid and counts as off: " << said(presentable(one.value));
    Html advice;
    advice << text(one.reason) << ". Correct it and reload.";
    html << banner("bad", what, advice);
  }
  if (status.schema_version < db::required_schema_version())
    html << banner("bad", "The database schema is older than this server", "Run calsync-api migrate.");
  if (html.empty()) html << "<p class=\"banner\">No incident is known.</p>";
  return html;
}

Html tile(Literal label, const Html& value, bool bad = false) {
  Html html;
  html << (bad ? Html("<li class=\"bad\">") : Html("<li>")) << "<strong>" << value << "</strong>" << label << "</li>";
  return html;
}

Html count(std::int64_t number) {
  Html html;
  html << number;
  return html;
}

Html figures(const store::QueueStatus& status, Time now) {
  Html html;
  html << "<ul class=\"tiles\">";
  const auto seconds = status.freshness_seconds;
  html << tile("oldest mirror", seconds ? Html(text(distance(now - std::chrono::seconds(*seconds), now))) : Html("–"));
  html << tile("connections", link("/admin/connections", count(status.connections)))
       << tile("enabled", count(status.enabled)) << tile("due", count(status.due))
       << tile("syncing now", count(status.leased)) << tile("backing off", count(status.backing_off))
       << tile("failing", count(status.failing), status.failing > 0)
       << tile("failed events", link("/admin/events", count(status.failed_events)))
       << tile("workers alive", count(static_cast<std::int64_t>(status.workers.size())), status.workers.empty());
  html << tile("due for longest", status.oldest_due_at ? Html(text(distance(*status.oldest_due_at, now))) : Html("–"))
       << "</ul>";
  return html;
}

Html causes_table(const std::vector<store::Cause>& causes) {
  Table table("Connections by state, cause, and who can mend it", {"State", "Cause", "Owner", "Connections"});
  for (const store::Cause& one : causes) {
    const std::string state(sync::state_name(one.state));
    const Path list = Path("/admin/connections").with("state", state).with("error_code", one.code);
    table.row(
        {state_tag(state), said(one.code), text(sync::owner_name(one.owner)), link(list, count(one.connections))});
  }
  return table.html("There is no connection yet.");
}

Literal stops(sync::Flag flag) {
  switch (flag) {
    case sync::Flag::sync:
      return "everything: calendar endpoints answer 403, workers claim nothing";
    case sync::Flag::oauth:
      return "connecting accounts";
    case sync::Flag::jobs:
      return "scheduled polling and admin job runs; what somebody asked for is still synced";
    case sync::Flag::webhook:
      return "push messages of providers";
  }
  return "";
}

Html list_text(const sync::Allowlist& list) {
  constexpr std::size_t most = 20;
  if (list.everybody) return "everybody";
  Html html;
  html << static_cast<std::int64_t>(list.ids.size()) << (list.ids.size() == 1 ? Html(" id") : Html(" ids"));
  std::size_t shown = 0;
  for (const std::string& id : list.ids) {
    if (shown++ == most) break;
    html << "<br><code>" << text(id) << "</code>";
  }
  if (list.ids.size() > most) html << "<br>…";
  return html;
}

Html switches(const sync::GateSettings& gate) {
  Table table("Switches, and what each stops while it is off", {"Switch", "Is", "Off stops"});
  for (const auto& [flag, on] : gate.flags) {
    bool invalid = false;
    for (const sync::InvalidSetting& one : gate.invalid) invalid |= one.name == sync::flag_name(flag);
    Html name;
    name << "<code>" << text(sync::flag_name(flag)) << "</code>";
    table.row({name,
               on        ? Html("<span class=\"tag good\">on</span>")
               : invalid ? Html("<span class=\"tag bad\">off: invalid value</span>")
                         : Html("<span class=\"tag warn\">off</span>"),
               stops(flag)});
  }
  Facts lists;
  lists.add("Owners on the list", list_text(gate.owners));
  lists.add("Connections on the list", list_text(gate.connections));
  lists.add("Environment", gate.production ? Html("production") : Html("development"));
  Html html;
  html << table.html("There is none.") << lists.html();
  return html;
}

Html workers(const store::QueueStatus& status, Time now) {
  Table table("Workers heard from in the last 15 seconds", {"Host", "Version", "Started", "Heartbeat"});
  for (const std::string& one : status.workers) {
    const Object worker(one);
    table.row({said(worker.text("host")), said(worker.text("version")), moment(worker.time("started_at"), now),
               moment(worker.time("heartbeat_at"), now)});
  }
  return table.html("None.");
}

Html versions(const Services& services, const store::QueueStatus& status) {
  Facts facts;
  facts.add("calsync-api", text(services.version));
  Html schema;
  schema << status.schema_version << " (this server needs " << db::required_schema_version() << ")";
  facts.add("Schema", schema);
  return facts.html();
}

Task<Response> show_overview(const Pages& pages, Visitor visitor, Request) {
  const Services& services = pages.services;
  const Time now = services.clock.now();
  const store::QueueStatus status = co_await store::read_status(services.pool);
  const std::vector<store::Cause> causes = co_await store::read_causes(services.pool, now);
  const std::vector<store::AgeBand> ages = co_await store::read_ages(services.pool);
  const std::vector<store::HourOfRuns> hours = co_await store::read_run_hours(services.pool);
  Html body;
  body << live_section("incidents", "Incidents", incidents(status, services.gate, now))
       << live_section("figures", "Now", figures(status, now))
       << live_section("causes", "By cause", causes_table(causes))
       << live_section("charts", "Over time", overview_charts(ages, hours))
       << section("Switches and lists", switches(services.gate))
       << live_section("workers", "Workers", workers(status, now)) << section("Versions", versions(services, status));
  co_return page(visitor, Room::overview, "Overview", body);
}

}  // namespace

void add_overview_pages(Router& router, const Pages& pages) { add_page(router, pages, "GET", "/admin", show_overview); }

}  // namespace calsync::api::web
