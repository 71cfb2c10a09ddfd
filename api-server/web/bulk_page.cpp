// SPDX-License-Identifier: Apache-2.0
#include <charconv>

#include "api-server/bulk_work.hpp"
#include "api-server/routes/admit.hpp"
#include "api-server/routes/operator_inputs.hpp"
#include "api-server/routes/operator_routes.hpp"
#include "api-server/web/action_words.hpp"
#include "api-server/web/connection_filter.hpp"
#include "api-server/web/form.hpp"
#include "api-server/web/json_view.hpp"
#include "api-server/web/page.hpp"
#include "api-server/web/pages.hpp"

namespace calsync::api::web {
namespace {

using store::OperatorAction;

/// An action over many, as it was chosen. `expected` is how many the preview counted.
struct BulkInput {
  FilterInput filter{};
  std::string action{};
  std::string minutes{};
  std::string cap{};
  std::string expected{};
};

const std::set<std::string>& bulk_names() {
  static const std::set<std::string> all = [] {
    std::set<std::string> names = FilterInput::names();
    names.insert({"action", "minutes", "cap", "expected", "reason", "csrf"});
    return names;
  }();
  return all;
}

BulkInput read_input(const std::function<std::string(const std::string&)>& value_of) {
  return {FilterInput::read(value_of), value_of("action"), value_of("minutes"), value_of("cap"), value_of("expected")};
}

Result<std::int64_t> whole(const std::string& text, std::int64_t low, std::int64_t high, const char* what) {
  std::int64_t value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < low || value > high)
    return fail(Failure::invalid_input, std::string(what) + " must be a whole number from " + std::to_string(low) +
                                            " to " + std::to_string(high) + ".");
  return value;
}

Result<store::BulkRequest> checked(const BulkInput& input) {
  const auto filter = input.filter.checked();
  if (!filter) return filter.error();
  if (filter->empty()) return fail(Failure::invalid_input, "Choose at least one condition.");
  const auto action = store::parse_action(input.action);
  if (!action) return fail(Failure::invalid_input, "Choose an action.");
  const auto minutes = read_minutes(*action, input.minutes.empty() ? "60" : input.minutes);
  if (!minutes) return minutes.error();
  const auto cap = whole(input.cap.empty() ? std::to_string(store::default_bulk_cap) : input.cap, 1,
                         store::largest_bulk_cap, "The cap");
  if (!cap) return cap.error();
  return store::BulkRequest{*action, *filter, {}, *minutes, static_cast<int>(*cap), 0};
}

Html choose_form(const BulkInput& input) {
  std::vector<Option> actions;
  for (const ActionWords& one : all_actions())
    actions.push_back({std::string(store::action_name(one.action)), std::string(one.label.str())});
  Html html;
  html << "<form method=\"get\"" << action("/admin/bulk/new") << "><div class=\"fields\">" << input.filter.fields()
       << choice("Action", "action", actions, input.action) << minutes_field(OperatorAction::backoff, input.minutes)
       << text_field("Cap: refuse if there are more", "cap",
                     input.cap.empty() ? std::to_string(store::default_bulk_cap) : input.cap, 5)
       << "<button>Preview</button></div></form>";
  return html;
}

Html counts(const std::map<std::string, std::int64_t>& by) {
  Html html;
  for (const auto& [name, count] : by) html << (html.empty() ? Html() : Html(", ")) << text(name) << ": " << count;
  return html.empty() ? Html("none") : html;
}

Html preview_view(const store::Preview& preview, const BulkInput& input, const store::BulkRequest& request) {
  Html html;
  html << "<p><strong>" << words_of(request.action).label << "</strong> for " << input.filter.in_words() << ": <strong>"
       << preview.count << (preview.count == 1 ? Html(" connection") : Html(" connections")) << "</strong> (cap "
       << request.cap << ").</p><p>" << words_of(request.action).effect << "</p>";
  Facts facts;
  facts.add("By provider", counts(preview.by_provider));
  facts.add("By state", counts(preview.by_state));
  html << facts.html();
  if (preview.first.empty()) return html;
  html << "<p>The first of them:</p><ul>";
  for (const ConnectionId& one : preview.first)
    html << "<li>" << link(Path("/admin/connections").segment(one.str()), text(one.str())) << "</li>";
  html << "</ul>";
  return html;
}

Html confirm_form(const Visitor& visitor, const BulkInput& input, const store::BulkRequest& request,
                  std::int64_t count) {
  Html form;
  form << input.filter.in_form() << hidden("action", input.action) << hidden("minutes", std::to_string(request.minutes))
       << hidden("cap", std::to_string(request.cap)) << hidden("expected", std::to_string(count)) << reason_field()
       << "<div class=\"actions\"><button" << attribute("class", words_of(request.action).grave ? "danger" : "do")
       << ">" << words_of(request.action).label << " for " << count
       << (count == 1 ? Html(" connection") : Html(" connections")) << "</button></div>";
  return post_form(visitor, "/admin/bulk", form);
}

Task<Response> bulk_preview(const Pages& pages, Visitor visitor, BulkInput input, std::string problem) {
  Html body, confirm;
  if (!input.action.empty()) {
    const auto request = checked(input);
    if (request) {
      const store::Preview preview = co_await pages.services.operators.preview(request->filter);
      confirm << section("What it touches", preview_view(preview, input, *request));
      if (preview.count > request->cap)
        confirm << "<p class=\"banner warn\" role=\"alert\">These are more than the cap. Narrow the choice or raise "
                   "it.</p>";
      else if (preview.count > 0)
        confirm << section("Confirm", confirm_form(visitor, input, *request, preview.count));
    } else if (problem.empty()) {
      problem = request.error().message;
    }
  }
  if (!problem.empty()) body << "<p class=\"banner bad\" role=\"alert\">" << text(problem) << "</p>";
  body << section("Choose", choose_form(input)) << confirm;
  co_return page(visitor, Room::jobs, "Bulk action", body, problem.empty() ? 200 : 400);
}

Task<Response> new_bulk(const Pages& pages, Visitor visitor, Request request) {
  const auto value_of = [&](const std::string& wanted) -> std::string {
    for (const auto& [name, value] : request.query) {
      if (name == wanted) return value;
    }
    return {};
  };
  co_return co_await bulk_preview(pages, std::move(visitor), read_input(value_of), "");
}

Task<Response> start_bulk(const Pages& pages, Visitor visitor, Request request) {
  const auto form = read_form(request, bulk_names());
  if (!form) co_return problem_page(400, "This form cannot be read.", form.error().message);
  const BulkInput input = read_input([&](const std::string& name) { return form->text(name); });
  auto wanted = checked(input);
  const auto reason = parse_reason(form->text("reason"), false);
  const auto expected = whole(input.expected, 1, store::largest_bulk_cap, "The number of connections");
  if (!wanted || !reason || !expected) {
    const Error& error = !wanted ? wanted.error() : !reason ? reason.error() : expected.error();
    co_return co_await bulk_preview(pages, std::move(visitor), input, error.message);
  }
  wanted->expected = *expected;
  wanted->author = author_of(request, *reason);
  const Services& services = pages.services;
  const OperatorAction action = wanted->action;
  if (asks_gate(action) && !admit(services, sync::Operation::use_calendar))
    co_return co_await bulk_preview(pages, std::move(visitor), input, "A switch is off: nothing may call providers.");
  const auto id = co_await services.bulk.start(*std::move(wanted));
  if (!id)
    co_return co_await bulk_preview(pages, std::move(visitor), input,
                                    "What it touches has changed since the preview. Look again and confirm again.");
  services.log.info("a bulk action was started", {.metadata = {{"bulk_id", *id}, {"by", visitor.name}}});
  services.bulk_work.begin(co_await asio::this_coro::executor, services, *id, action);
  co_return redirect(Path("/admin/bulk").segment(*id));
}

Html bulk_view(const Visitor& visitor, const store::BulkView& bulk, Time now) {
  Facts facts;
  facts.add("Action", said(bulk.action));
  facts.add("For", members_view(bulk.filter));
  facts.add("By", said(bulk.actor));
  facts.add("Reason", said(bulk.reason));
  facts.add("Started", moment(bulk.created_at, now));
  facts.add("State", said(bulk.state));
  if (!bulk.note.empty()) facts.add("Note", said(bulk.note));
  if (!bulk.stopped_by.empty()) facts.add("Stopped by", said(bulk.stopped_by));
  const std::int64_t done = bulk.touched + bulk.skipped;
  Html progress;
  progress << "<progress" << attribute("max", std::to_string(std::max<std::int64_t>(bulk.matched, 1)))
           << attribute("value", std::to_string(done)) << " aria-label=\"progress\"></progress> " << bulk.touched
           << " touched, " << bulk.skipped << " skipped, of " << bulk.matched;
  facts.add("Progress", progress);
  Html html = facts.html();
  if (bulk.state == "running")
    html << post_form(visitor, Path("/admin/bulk").segment(bulk.id).then("/stop"),
                      "<button class=\"danger\">Stop</button>");
  return html;
}

Task<Response> show_bulk(const Pages& pages, Visitor visitor, Request request) {
  const auto id = canonical_uuid(request.path_parameters.at("id"));
  std::optional<store::BulkView> bulk;
  if (id) bulk = co_await pages.services.bulk.find(*id);
  if (!bulk) co_return problem_page(404, "There is no such bulk action.", "The job runs list the latest.");
  Html body;
  body << live_section("bulk", "Bulk action", bulk_view(visitor, *bulk, pages.services.clock.now()));
  co_return page(visitor, Room::jobs, "Bulk action", body);
}

Task<Response> stop_bulk(const Pages& pages, Visitor visitor, Request request) {
  const auto id = canonical_uuid(request.path_parameters.at("id"));
  if (!id) co_return problem_page(404, "There is no such bulk action.", "The job runs list the latest.");
  const bool stopping = co_await pages.services.bulk.stop(*id, author_of(request));
  pages.door.leave_message(request, stopping ? "It stops before its next portion." : "It was over already.");
  co_return redirect(Path("/admin/bulk").segment(*id));
}

}  // namespace

void add_bulk_pages(Router& router, const Pages& pages) {
  add_page(router, pages, "GET", "/admin/bulk/new", new_bulk);
  add_page(router, pages, "POST", "/admin/bulk", start_bulk);
  add_page(router, pages, "GET", "/admin/bulk/{id}", show_bulk);
  add_page(router, pages, "POST", "/admin/bulk/{id}/stop", stop_bulk);
}

}  // namespace calsync::api::web
