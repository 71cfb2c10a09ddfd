// SPDX-License-Identifier: Apache-2.0
#include "api-server/bulk_work.hpp"
#include "api-server/routes/admit.hpp"
#include "api-server/routes/operator_inputs.hpp"
#include "api-server/routes/operator_json.hpp"
#include "api-server/routes/operator_routes.hpp"

namespace calsync::api {
namespace {

Response no_such_bulk() { return error_response(404, "not_found", "there is no such bulk action"); }

Response refused_count(int status, const char* code, const char* sentence, std::int64_t count) {
  json::Writer writer;
  writer.begin_object().put("error", sentence).put("code", code).put("count", count).end_object();
  return json_response(status, writer.text());
}

Response show(const store::BulkView& bulk, int status) {
  json::Writer writer;
  put_bulk(writer, bulk);
  Response response = json_response(status, writer.text());
  if (status == 202) response.headers.emplace_back("Location", "/api/admin/calendar/bulk/" + bulk.id);
  return response;
}

struct BulkInput {
  store::BulkRequest bulk{};
  bool preview = false;
};

Result<store::OperatorAction> read_action(const BodyInput& body) {
  const auto text = body.text("action");
  if (!text) return text.error();
  const auto action = store::parse_action(text->value_or(""));
  if (!action)
    return fail(Failure::invalid_input,
                "action must be sync, reset, backoff, clear-backoff, enable, disable or disconnect");
  return *action;
}

Result<BulkInput> read_bulk(const Request& request) {
  auto document = json_body(request, {"action", "filter", "reason", "minutes", "preview", "cap", "expected"});
  if (!document) return document.error();
  const json::Value* given = json::member(*document, "filter");
  if (!given) return fail(Failure::invalid_input, "filter is required");
  const auto filter = parse_filter(*given);
  if (!filter) return filter.error();
  const BodyInput body(*std::move(document));
  const auto action = read_action(body);
  if (!action) return action.error();
  const auto input = read_action_input(body, *action);
  if (!input) return input.error();
  const auto cap = body.integer("cap", 1, store::largest_bulk_cap);
  if (!cap) return cap.error();
  const auto expected = body.integer("expected", 0, store::largest_bulk_cap);
  if (!expected) return expected.error();
  if (!input->preview && !*expected)
    return fail(Failure::invalid_input, "expected is required: the count that a preview has shown");
  return BulkInput{{*action, *filter, author_of(request, input->reason), input->minutes,
                    static_cast<int>(cap->value_or(store::default_bulk_cap)), expected->value_or(0)},
                   input->preview};
}

Task<Response> start(const Services& services, Request request) {
  const auto input = read_bulk(request);
  if (!input) co_return from_error(input.error());
  const store::BulkRequest& bulk = input->bulk;
  if (asks_gate(bulk.action)) {
    if (const Admitted flag = admit(services, sync::Operation::use_calendar); !flag) co_return flag.refusal;
  }
  if (bulk.filter.empty())
    co_return error_response(422, "no_filter", "a bulk action needs at least one condition in its filter");
  const store::Preview preview = co_await services.operators.preview(bulk.filter);
  if (input->preview) {
    json::Writer writer;
    writer.begin_object().put("preview", true).put("action", store::action_name(bulk.action)).put("cap", bulk.cap);
    put_preview(writer, preview);
    writer.end_object();
    co_return json_response(200, writer.text());
  }
  if (preview.count > bulk.cap)
    co_return refused_count(422, "over_cap", "the filter meets more connections than the cap allows", preview.count);
  std::optional<std::string> id;
  if (preview.count == bulk.expected) id = co_await services.bulk.start(bulk);
  if (!id)
    co_return refused_count(409, "count_changed",
                            "the filter does not meet the expected number of connections any more", preview.count);
  services.log.info("a bulk action was started", {.metadata = {{"bulk_id", *id}, {"by", request.caller->name}}});
  const auto view = co_await services.bulk.find(*id);
  services.bulk_work.begin(co_await asio::this_coro::executor, services, *id, bulk.action);
  co_return view ? show(*view, 202) : no_such_bulk();
}

Task<std::optional<store::BulkView>> find(const Services& services, std::string id_text) {
  const auto id = canonical_uuid(id_text);
  if (!id) co_return std::nullopt;
  co_return co_await services.bulk.find(*id);
}

Task<Response> get(const Services& services, Request request) {
  const auto view = co_await find(services, request.path_parameters.at("id"));
  co_return view ? show(*view, 200) : no_such_bulk();
}

Task<Response> latest(const Services& services, Request request) {
  const auto query = read_query(request, {"limit"});
  if (!query) co_return from_error(query.error());
  const auto limit = query->integer("limit", 1, 100);
  if (!limit) co_return from_error(limit.error());
  json::Writer writer;
  writer.begin_object().key("bulk_actions").begin_array();
  for (const store::BulkView& one : co_await services.bulk.latest(static_cast<int>(limit->value_or(20))))
    put_bulk(writer, one);
  writer.end_array().end_object();
  co_return json_response(200, writer.text());
}

Task<Response> stop(const Services& services, Request request) {
  const auto body = read_body(request, {"reason"});
  if (!body) co_return from_error(body.error());
  const auto given = body->text("reason");
  if (!given) co_return from_error(given.error());
  // Whoever stops something in a hurry need not say why.
  auto reason = parse_reason(*given, true);
  if (!reason) co_return from_error(reason.error());
  const auto view = co_await find(services, request.path_parameters.at("id"));
  if (!view) co_return no_such_bulk();
  if (!co_await services.bulk.stop(view->id, author_of(request, *std::move(reason))))
    co_return error_response(409, "not_running", "the bulk action is not running any more");
  const auto now = co_await services.bulk.find(view->id);
  co_return now ? show(*now, 200) : no_such_bulk();
}

}  // namespace

void add_bulk_routes(Router& router, const Services& services) {
  const std::string all = "/api/admin/calendar/bulk";
  router.add(
      {"POST", all, Access::admin, [&services](Request request) { return start(services, std::move(request)); }});
  router.add(
      {"GET", all, Access::admin, [&services](Request request) { return latest(services, std::move(request)); }});
  router.add({"GET", all + "/{id}", Access::admin,
              [&services](Request request) { return get(services, std::move(request)); }});
  router.add({"POST", all + "/{id}/stop", Access::admin,
              [&services](Request request) { return stop(services, std::move(request)); }});
}

}  // namespace calsync::api
