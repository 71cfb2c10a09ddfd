// SPDX-License-Identifier: Apache-2.0
#include "control.hpp"

#include "clock.hpp"
#include "tests/emulator/microsoft/graph_control.hpp"

namespace calsync::emulator {
namespace {

Response health(const Provider& provider) {
  std::string body;
  {
    ObjectWriter object(body);
    object.text("status", "ok");
    object.number("accounts", static_cast<std::int64_t>(provider.accounts().size()));
    object.number("feeds", static_cast<std::int64_t>(provider.feeds.all().size()));
    object.number("now_ms", now_ms());
  }
  return json_response(200, std::move(body));
}

Response control_settings(ControlCall& call) {
  if (call.request.method != "GET") {
    const std::string complaint = call.provider.settings.apply(call.body);
    if (!complaint.empty()) throw control_fault(400, complaint);
  }
  return json_response(200, call.provider.settings.json());
}

Response control_clock(ControlCall& call) {
  if (const auto seconds = int_member(call.body, "advance_seconds")) advance_clock(*seconds * 1000);
  return health(call.provider);
}

bool is_text_body(const Request& request, const std::vector<std::string>& path) {
  return request.method == "PUT" && !path.empty() && request.segments[1] == "feeds";
}

}  // namespace

std::string_view ControlCall::text(std::string_view name) const {
  const std::string_view value = string_member(body, name);
  return value.empty() ? request.query.get(name) : value;
}

std::string ControlCall::required(std::string_view name) const {
  const std::string_view value = text(name);
  if (value.empty()) throw control_fault(400, "missing: " + std::string(name));
  return std::string(value);
}

Account& ControlCall::account() const {
  const std::string email = required("email");
  Account* found = provider.find_account(email);
  if (!found) throw control_fault(404, "no account " + email);
  return *found;
}

CalendarListEntry& ControlCall::entry() const {
  Account& owner = account();
  const std::string id = required("calendar_id");
  CalendarListEntry* found = owner.entry(id);
  if (!found) throw control_fault(404, "no calendar " + id);
  return *found;
}

ApiError control_fault(unsigned status, std::string message) {
  return {status, "control", "control", std::move(message)};
}

Response control_error(unsigned status, std::string_view message) {
  std::string body;
  {
    ObjectWriter object(body);
    object.text("error", message);
  }
  return json_response(status, std::move(body));
}

Response answer_control(Provider& provider, const Request& request) {
  ControlCall call{provider, request, Json(rapidjson::kObjectType), {}};
  const std::string area = request.segments.size() > 1 ? request.segments[1] : "";
  for (std::size_t i = 2; i < request.segments.size(); ++i) call.path.push_back(request.segments[i]);
  if (!request.body.empty() && !is_text_body(request, call.path)) {
    if (!parse_json(request.body, call.body) || !call.body.IsObject())
      throw control_fault(400, "the body is no JSON object");
  }
  if (area == "health") return health(provider);
  if (area == "reset") {
    provider.reset();
    return health(provider);
  }
  if (area == "settings") return control_settings(call);
  if (area == "clock") return control_clock(call);
  if (area == "accounts") return control_accounts(call);
  if (area == "tokens") return control_tokens(call);
  if (area == "calendars") return control_calendars(call);
  if (area == "events") return control_events(call);
  if (area == "faults") return control_faults(call);
  if (area == "feeds") return control_feeds(call);
  if (area == "calls") return control_calls(call);
  if (area == "stats") return json_response(200, provider.calls.stats());
  if (area == "load-directory") return control_load(call);
  if (area == "channels") return control_channels(call);
  if (area == "push") return control_push(call);
  if (area == "state") return control_state(call);
  if (area == "microsoft") return microsoft::answer_graph_control(call);
  throw control_fault(404, "no such control call");
}

}  // namespace calsync::emulator
