// SPDX-License-Identifier: Apache-2.0
#include "graph_control.hpp"

#include <fmt/format.h>

namespace calsync::emulator::microsoft {
namespace {

Response mails_json(const World& world) {
  std::string rows;
  for (const Mail& mail : world.mails) {
    if (!rows.empty()) rows += ',';
    ObjectWriter row(rows);
    row.number("time_ms", mail.time_ms);
    row.text("from", mail.from);
    row.text("kind", mail.kind);
    row.text("subject", mail.subject);
    row.number("recipients", mail.recipients);
  }
  return json_response(200, fmt::format(R"({{"count":{},"mails":[{}]}})", world.mails.size(), rows));
}

Response routed(ControlCall& call, const std::string& area) {
  if (area == "accounts") return control_users(call);
  if (area == "tokens") return control_user_tokens(call);
  if (area == "calendars") return control_user_calendars(call);
  if (area == "events") return control_user_events(call);
  if (area == "state") return control_user_state(call);
  if (area == "subscriptions") return control_subscriptions(call);
  if (area == "notifications") return control_notifications(call);
  if (area == "import") return control_graph_import(call);
  if (area == "load-directory") return control_graph_load(call);
  if (area == "mails") {
    if (call.request.method == "DELETE") call.provider.microsoft.mails.clear();
    return mails_json(call.provider.microsoft);
  }
  throw control_fault(404, "no such control call");
}

}  // namespace

Response answer_graph_control(ControlCall& call) {
  const std::string area = call.path.empty() ? "" : call.path.front();
  if (!call.path.empty()) call.path.erase(call.path.begin());
  try {
    return routed(call, area);
  } catch (const GraphError& error) {
    // What a client would be refused with, in a sentence.
    throw control_fault(error.status, error.code + ": " + error.message);
  }
}

Mailbox& mailbox_of(const ControlCall& call) {
  const std::string email = call.required("email");
  Mailbox* found = call.provider.microsoft.find(email);
  if (!found) throw control_fault(404, "no account " + email);
  return *found;
}

Listing& listing_of(const ControlCall& call) {
  Mailbox& user = mailbox_of(call);
  const std::string_view id = call.text("calendar_id");
  for (Listing& row : user.listings) {
    if (row.folder->removed) continue;
    const bool standard = (id.empty() || id == "default") && row.folder == user.default_folder();
    if (standard || row.folder->id == id || row.folder->name == id) return row;
  }
  throw control_fault(404, "no calendar " + std::string(id));
}

}  // namespace calsync::emulator::microsoft
