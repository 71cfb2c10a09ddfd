// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "json.hpp"
#include "tests/emulator/microsoft/graph_settings.hpp"

namespace calsync::emulator {

struct Client {
  std::string id, secret;
  std::vector<std::string> redirect_uris;
};

// Everything that tests can switch. Where Google's behaviour is not confirmed there is a switch for each variant.
struct Settings {
  bool auto_consent = false;
  bool rotate_refresh_tokens = false;
  bool omit_refresh_token_once = false;
  std::string next_granted_scopes;  // subset for the next consent; empty: what was asked for
  std::int64_t access_token_lifetime_seconds = 3599;
  std::int64_t refresh_token_limit = 100;
  std::int64_t refresh_token_lifetime_seconds = 0;  // 604800 for a project in Testing; 0: no end

  std::int64_t short_pages = 0;  // at most so many items a page; 0: off
  std::int64_t empty_pages = 0;  // so many empty pages with a nextPageToken before the first item
  bool duplicate_items = false;  // the last item of a page comes again on the next one
  std::int64_t latency_ms = 0;

  std::int64_t kept_versions = 0;  // of each calendar's events, for the faults that answer with older ones
  std::int64_t rotated_token_grace_seconds = 0;  // a rotated refresh token still works for so long

  std::string malformed_sync_token = "400";   // or 410
  std::string parameter_mismatch = "410";     // or 400, ignore
  std::string retimed_exceptions = "cancel";  // or drop, keep
  std::int64_t updated_min_days = 30;         // 0: no limit
  std::int64_t horizon_days = 5110;           // how far singleEvents=true expands a series without an end
  std::int64_t oversized_bytes = 1 << 29;

  bool push_allow_http = false;  // addresses http:// on the loopback interface
  std::string push_proxy;        // HOST:PORT that gets what is sent to https:// addresses, in clear
  std::string push_unsupported = "#holiday@ #contacts@ #weeknum@";  // calendars whose id has one of these
  std::string push_unauthorized_host;                               // addresses of this host are refused
  std::string push_stop_foreign = "404";                            // or 403: stopping another user's channel
  bool push_sync_before_answer = false;                             // the sync message comes before the watch answer
  std::int64_t push_default_ttl_seconds = 604800, push_max_ttl_seconds = 2592000;
  std::int64_t push_delay_ms = 0;
  std::int64_t push_retry_ms = 1000, push_retries = 5;  // the first wait, doubled each time
  std::int64_t push_timeout_ms = 10000;
  std::int64_t push_in_flight = 16;

  microsoft::Switches microsoft;

  // Unknown names or values of another type are refused with a sentence.
  std::string apply(const JsonValue& changes);
  std::string json() const;
};

}  // namespace calsync::emulator
