// SPDX-License-Identifier: Apache-2.0
// What a handler of Graph is given.
#pragma once

#include "graph_id.hpp"
#include "preferences.hpp"
#include "tests/emulator/provider.hpp"

namespace calsync::emulator::microsoft {

class DeltaFault;

struct GraphCall {
  Provider& provider;
  const Request& request;
  Mailbox& user;
  const EntraAccess& token;
  Preferences preferences;
  std::string calendar_id, event_id, rest;  // calendar_id empty: the mailbox itself; rest: what follows in the path
  DeltaFault* delta_fault = nullptr;

  World& world() const { return provider.microsoft; }
  const Switches& switches() const { return provider.settings.microsoft; }
  bool clamps() const { return switches().graph_month_end != "skip"; }
  std::string root() const { return request.origin() + "/graph/v1.0"; }
};
using GraphHandler = Response (*)(GraphCall&);

// The calendar that the path names ("" and "default" are the default one); 404 when the user does not list it.
Listing& listing_of(GraphCall& call);
Listing& writable_listing(GraphCall& call);  // 403 without canEdit

// An item or an occurrence that the path names.
struct Target {
  Folder* folder = nullptr;
  Item* item = nullptr;
  std::optional<std::int64_t> day;
  const Exception* exception() const;
};
// 400 for what is no id, 404 for what is not there or not reachable on this path.
Target target_of(GraphCall& call);
Target target_for(GraphCall& call, std::string_view id);

struct Window {
  std::int64_t first = 0, last = 0;  // UTC seconds; last is outside
};
Window window_of(const GraphCall& call);  // 400 ErrorInvalidParameter when it is missing or malformed
Json graph_body(const Request& request);  // an object, else 400

// Pages by $top and $skip; `applied` is how many rows were left out and taken.
struct PageOptions {
  std::int64_t top = 0, skip = 0;
};
PageOptions page_options(const GraphCall& call);
// The same request, further on.
std::string next_page_link(const GraphCall& call, std::int64_t skip);

// {"@odata.context":…,"value":[…]} of a type.
std::string collection_json(const GraphCall& call, std::string_view type, std::string_view values);

// me and calendars
Response get_me(GraphCall& call);
Response get_mailbox_settings(GraphCall& call);
Response list_calendars(GraphCall& call);
Response create_calendar(GraphCall& call);
Response get_calendar(GraphCall& call);
Response patch_calendar(GraphCall& call);
Response delete_calendar(GraphCall& call);
Response list_calendar_groups(GraphCall& call);
Response translate_ids(GraphCall& call);
Response get_schedule(GraphCall& call);
// events
Response list_events(GraphCall& call);
Response get_event(GraphCall& call);
Response create_event(GraphCall& call);
Response patch_event(GraphCall& call);
Response delete_event(GraphCall& call);
Response list_instances(GraphCall& call);
Response calendar_view(GraphCall& call);
Response calendar_view_delta(GraphCall& call);
Response answer_invitation(GraphCall& call);
Response cancel_event(GraphCall& call);
// subscriptions
Response list_subscriptions(GraphCall& call);
Response create_subscription(GraphCall& call);
Response get_subscription(GraphCall& call);
Response patch_subscription(GraphCall& call);
Response delete_subscription(GraphCall& call);
Response reauthorize_subscription(GraphCall& call);

}  // namespace calsync::emulator::microsoft
