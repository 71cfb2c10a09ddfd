// SPDX-License-Identifier: Apache-2.0
#include <charconv>

#include "api-server/routes/admit.hpp"
#include "api-server/routes/operator_inputs.hpp"
#include "api-server/web/action_words.hpp"
#include "api-server/web/form.hpp"
#include "api-server/web/json_view.hpp"
#include "api-server/web/page.hpp"
#include "api-server/web/pages.hpp"
#include "common/store/job_run_store.hpp"

namespace calsync::api::web {
namespace {

constexpr int lines_shown = 30;
constexpr int longest_window = 525'600;

Path job_path(const std::string& id) { return Path("/admin/jobs").segment(id); }

Html progress_bar(std::int64_t done, std::int64_t of) {
  Html html;
  html << "<progress" << attribute("max", std::to_string(std::max<std::int64_t>(of, 1)))
       << attribute("value", std::to_string(of == 0 ? 1 : done)) << " aria-label=\"progress\"></progress> " << done
       << " of " << of;
  return html;
}

Html job_table(const std::vector<store::JobRunLine>& runs, Time now) {
  Table table("The latest runs", {"Started", "By", "Of", "Progress", "Failed", "Finished"});
  for (const store::JobRunLine& one : runs) {
    Html failed;
    failed << one.failed;
    table.row({link(job_path(one.id.str()), moment(one.created_at, now)), said(one.requested_by),
               members_view(one.scope), progress_bar(one.processed, one.marked), failed,
               one.finished_at ? moment(one.finished_at, now) : Html("<span class=\"tag\">running</span>")});
  }
  return table.html("There was none yet.");
}

Html bulk_table(const std::vector<store::BulkView>& bulks, Time now) {
  Table table("The latest bulk actions", {"Started", "By", "Action", "Progress", "State"});
  for (const store::BulkView& one : bulks) {
    table.row({link(Path("/admin/bulk").segment(one.id), moment(one.created_at, now)), said(one.actor),
               said(one.action), progress_bar(one.touched + one.skipped, one.matched), said(one.state)});
  }
  return table.html("There was none yet.");
}

Html run_form() {
  Html html;
  html << "<form method=\"get\"" << action("/admin/jobs/new") << "><div class=\"fields\">"
       << text_field("Owner (provider_id), empty = everybody", "provider_id", "", 36)
       << text_field("Not in step for minutes, empty = all", "window", "", 6)
       << "<button>Run now …</button></div></form>";
  return html;
}

Task<Response> show_jobs(const Pages& pages, Visitor visitor, Request) {
  const Time now = pages.services.clock.now();
  const std::vector<store::JobRunLine> runs = co_await pages.services.operators.job_runs(lines_shown);
  const std::vector<store::BulkView> bulks = co_await pages.services.bulk.latest(lines_shown);
  Html body;
  body << section("Sync everybody, or an owner, now", run_form()) << live_section("runs", "Runs", job_table(runs, now))
       << live_section("bulk", "Bulk actions", bulk_table(bulks, now));
  co_return page(visitor, Room::jobs, "Job runs", body);
}

/// The scope as it was typed in.
struct ScopeInput {
  std::string provider_id{};
  std::string window{};

  Result<store::JobScope> checked() const {
    store::JobScope scope;
    if (!provider_id.empty()) {
      scope.owner = OwnerId::parse(provider_id);
      if (!scope.owner) return fail(Failure::invalid_input, "The owner must be a UUID.");
    }
    if (window.empty()) return scope;
    int minutes = -1;
    const auto [end, error] = std::from_chars(window.data(), window.data() + window.size(), minutes);
    if (error != std::errc() || end != window.data() + window.size() || minutes < 0 || minutes > longest_window)
      return fail(Failure::invalid_input, "The minutes must be a whole number from 0 to 525600.");
    scope.window_minutes = minutes;
    return scope;
  }
};

Task<Response> job_preview(const Pages& pages, Visitor visitor, ScopeInput input, std::string problem) {
  const auto scope = input.checked();
  Html touched;
  if (scope) {
    store::ConnectionFilter filter;
    filter.owner = scope->owner;
    filter.backing_off = false;
    const store::Preview met = co_await pages.services.operators.preview(filter);
    const auto disabled = met.by_state.find("disabled");
    touched << "<p>At most " << (met.count - (disabled == met.by_state.end() ? 0 : disabled->second))
            << " connections are synced: the enabled ones that do not back off"
            << (scope->window_minutes ? Html(", among them those that were not in step for that long") : Html())
            << ". Those that the lists do not admit are left out.</p>";
  } else if (problem.empty()) {
    problem = scope.error().message;
  }
  Html form;
  form << hidden("provider_id", input.provider_id) << hidden("window", input.window) << reason_field()
       << "<div class=\"actions\"><button>Run now</button></div>";
  Html body;
  if (!problem.empty()) body << "<p class=\"banner bad\" role=\"alert\">" << text(problem) << "</p>";
  if (scope) body << section("What it touches", touched) << section("Confirm", post_form(visitor, "/admin/jobs", form));
  co_return page(visitor, Room::jobs, "Run now", body, problem.empty() ? 200 : 400);
}

Task<Response> new_job(const Pages& pages, Visitor visitor, Request request) {
  ScopeInput input;
  for (const auto& [name, value] : request.query) {
    if (name == "provider_id") input.provider_id = value;
    if (name == "window") input.window = value;
  }
  co_return co_await job_preview(pages, std::move(visitor), std::move(input), "");
}

Task<Response> start_job(const Pages& pages, Visitor visitor, Request request) {
  const auto form = read_form(request, {"csrf", "reason", "provider_id", "window"});
  if (!form) co_return problem_page(400, "This form cannot be read.", form.error().message);
  const ScopeInput input{form->text("provider_id"), form->text("window")};
  const auto scope = input.checked();
  const auto reason = parse_reason(form->text("reason"), false);
  if (!scope || !reason)
    co_return co_await job_preview(pages, std::move(visitor), input,
                                   scope ? reason.error().message : scope.error().message);
  const Services& services = pages.services;
  const Admitted admitted = admit(services, sync::Operation::run_job, scope->owner ? &*scope->owner : nullptr);
  if (!admitted)
    co_return co_await job_preview(pages, std::move(visitor), input,
                                   "A switch is off, or the owner is not on the list.");
  const JobRunId id =
      co_await services.jobs.start(*admitted, services.gate, visitor.name, *scope, author_of(request, *reason));
  services.log.info("an admin job run was started", {.metadata = {{"run_id", id.str()}, {"run_by", visitor.name}}});
  co_return redirect(job_path(id.str()));
}

Html job_view(const store::JobRun& run, Time now) {
  Facts facts;
  facts.add("Started", moment(run.created_at, now));
  facts.add("By", said(run.run_by));
  facts.add("State", run.finished ? Html("finished") : Html("running"));
  facts.add("Progress", progress_bar(run.processed, run.marked));
  const auto number = [](std::int64_t count) {
    Html html;
    html << count;
    return html;
  };
  facts.add("Succeeded", number(run.succeeded));
  facts.add("Failed", number(run.failed));
  facts.add("New, changed, deleted rows", [&] {
    Html html;
    html << run.items_ingested << ", " << run.items_updated << ", " << run.items_deleted;
    return html;
  }());
  facts.add("Took", text(duration_text(std::chrono::milliseconds(run.duration_ms))));
  Table errors("Connections that failed, at most 100", {"Connection", "Error"});
  for (const auto& [connection, error] : run.errors)
    errors.row({link(Path("/admin/connections").segment(connection), text(connection)), said(error)});
  Html html = facts.html();
  html << errors.html("None has failed.");
  return html;
}

Task<Response> show_job(const Pages& pages, Visitor visitor, Request request) {
  const auto id = JobRunId::parse(request.path_parameters.at("id"));
  std::optional<store::JobRun> run;
  if (id) run = co_await pages.services.jobs.find(*id);
  if (!run) co_return problem_page(404, "There is no such job run.", "Old ones are pruned.");
  Html body;
  body << live_section("run", "Run", job_view(*run, pages.services.clock.now()));
  co_return page(visitor, Room::jobs, "Job run", body);
}

}  // namespace

void add_job_pages(Router& router, const Pages& pages) {
  add_page(router, pages, "GET", "/admin/jobs", show_jobs);
  add_page(router, pages, "POST", "/admin/jobs", start_job);
  add_page(router, pages, "GET", "/admin/jobs/new", new_job);
  add_page(router, pages, "GET", "/admin/jobs/{id}", show_job);
}

}  // namespace calsync::api::web
