// SPDX-License-Identifier: Apache-2.0
// What tests can switch in the Microsoft half. Where behaviour is not confirmed there is a switch for each variant.
#pragma once

#include <cstdint>
#include <string>

namespace calsync::emulator::microsoft {

struct Switches {
  std::int64_t entra_code_lifetime_seconds = 600;
  std::int64_t entra_refresh_lifetime_seconds = 7776000;  // 90 days, begun anew by each use
  std::int64_t entra_replaced_refresh_seconds = 7776000;  // a replaced refresh token still works for so long
  std::int64_t entra_replaced_refresh_uses = 0;           // and so often; 0: no limit
  std::string entra_scope_form = "asked";                 // or short, long, outlook: names in token answers

  std::int64_t graph_page_size = 10;            // when the client asks for none
  std::int64_t graph_mailbox_concurrency = 4;   // requests in flight for one mailbox; 0: no limit
  std::int64_t graph_mailbox_budget = 10000;    // requests for one mailbox in ten minutes; 0: no limit
  std::int64_t graph_retry_after_seconds = 10;  // 0: no such header

  bool graph_empty_last_page = false;            // the deltaLink comes on a page of its own
  bool graph_stale_next_links = false;           // an earlier page asked for again is 410
  bool graph_reset_location = false;             // an expired token is answered with a Location header
  bool graph_delta_masters = true;               // a block of a series has its master
  std::int64_t graph_delta_generations = 64;     // so many deltaLinks of a calendar are remembered; 0: all
  std::int64_t graph_visibility_ms = 0;          // younger changes are not in a delta yet
  std::int64_t graph_replayed_changes = 0;       // a delta also has so many changes that the client knows
  std::string graph_removed_series = "master";   // or occurrences: those of a deleted series are named too
  std::string graph_removed_reason = "deleted";  // or changed: of what left the window or the calendar
  std::string graph_delta_select = "error";      // or ignore, apply: $select in a delta
  std::string graph_sync_code = "pascal";        // or camel: SyncStateNotFound, syncStateNotFound; or delta_token: 400
  std::string graph_duplicate_transaction = "409";  // or 400, 409-id, 400-id, 201
  std::string graph_retimed_exceptions = "drop";    // or keep
  std::string graph_month_end = "clamp";            // or skip: day 31 in shorter months
  std::string graph_iana_zones = "listed";          // or all, none
  std::int64_t graph_after_write_ms = 0;  // the service itself changes an event so long after a client did; 0: never
  bool graph_event_uid = false;           // events have `uid`, as newer metadata says

  bool graph_validate_subscriptions = true;
  bool graph_hide_client_state = false;                   // GET of a subscription has none
  std::int64_t graph_subscription_minutes = 10080;        // the longest life
  std::int64_t graph_subscription_limit = 1000;           // of one mailbox
  std::string graph_duplicate_subscription = "409";       // or 201
  std::int64_t graph_notification_echoes = 1;             // further `updated` items for each change
  std::int64_t graph_notification_batch_ms = 0;           // items for one address wait so long for one another
  std::int64_t graph_notification_retry_ms = 10000;       // the first wait, doubled each time
  std::int64_t graph_notification_give_up_ms = 14400000;  // four hours
  std::string graph_endpoint_health = "newer";            // or older, off: which rule slows and drops notifications
  std::int64_t graph_slow_ms = 3000, graph_very_slow_ms = 10000;  // what counts as slow under the newer rule
  std::int64_t graph_health_answers = 100;                        // fewer in a window say nothing
};

// Calls `visit` with the name and the member of each switch.
template <class Self, class Visit>
void each_switch(Self& self, Visit&& visit) {
  visit("entra_code_lifetime_seconds", self.entra_code_lifetime_seconds);
  visit("entra_refresh_lifetime_seconds", self.entra_refresh_lifetime_seconds);
  visit("entra_replaced_refresh_seconds", self.entra_replaced_refresh_seconds);
  visit("entra_replaced_refresh_uses", self.entra_replaced_refresh_uses);
  visit("entra_scope_form", self.entra_scope_form);
  visit("graph_page_size", self.graph_page_size);
  visit("graph_mailbox_concurrency", self.graph_mailbox_concurrency);
  visit("graph_mailbox_budget", self.graph_mailbox_budget);
  visit("graph_retry_after_seconds", self.graph_retry_after_seconds);
  visit("graph_empty_last_page", self.graph_empty_last_page);
  visit("graph_stale_next_links", self.graph_stale_next_links);
  visit("graph_reset_location", self.graph_reset_location);
  visit("graph_delta_masters", self.graph_delta_masters);
  visit("graph_delta_generations", self.graph_delta_generations);
  visit("graph_visibility_ms", self.graph_visibility_ms);
  visit("graph_replayed_changes", self.graph_replayed_changes);
  visit("graph_removed_series", self.graph_removed_series);
  visit("graph_removed_reason", self.graph_removed_reason);
  visit("graph_delta_select", self.graph_delta_select);
  visit("graph_sync_code", self.graph_sync_code);
  visit("graph_duplicate_transaction", self.graph_duplicate_transaction);
  visit("graph_retimed_exceptions", self.graph_retimed_exceptions);
  visit("graph_month_end", self.graph_month_end);
  visit("graph_iana_zones", self.graph_iana_zones);
  visit("graph_after_write_ms", self.graph_after_write_ms);
  visit("graph_event_uid", self.graph_event_uid);
  visit("graph_validate_subscriptions", self.graph_validate_subscriptions);
  visit("graph_hide_client_state", self.graph_hide_client_state);
  visit("graph_subscription_minutes", self.graph_subscription_minutes);
  visit("graph_subscription_limit", self.graph_subscription_limit);
  visit("graph_duplicate_subscription", self.graph_duplicate_subscription);
  visit("graph_notification_echoes", self.graph_notification_echoes);
  visit("graph_notification_batch_ms", self.graph_notification_batch_ms);
  visit("graph_notification_retry_ms", self.graph_notification_retry_ms);
  visit("graph_notification_give_up_ms", self.graph_notification_give_up_ms);
  visit("graph_endpoint_health", self.graph_endpoint_health);
  visit("graph_slow_ms", self.graph_slow_ms);
  visit("graph_very_slow_ms", self.graph_very_slow_ms);
  visit("graph_health_answers", self.graph_health_answers);
}

}  // namespace calsync::emulator::microsoft
