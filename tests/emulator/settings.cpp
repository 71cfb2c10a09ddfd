// SPDX-License-Identifier: Apache-2.0
#include "settings.hpp"

namespace calsync::emulator {
namespace {

// Calls `visit` with the name and the member of each switch.
template <class Self, class Visit>
void each_switch(Self& self, Visit&& visit) {
  visit("auto_consent", self.auto_consent);
  visit("rotate_refresh_tokens", self.rotate_refresh_tokens);
  visit("omit_refresh_token_once", self.omit_refresh_token_once);
  visit("next_granted_scopes", self.next_granted_scopes);
  visit("access_token_lifetime_seconds", self.access_token_lifetime_seconds);
  visit("refresh_token_limit", self.refresh_token_limit);
  visit("refresh_token_lifetime_seconds", self.refresh_token_lifetime_seconds);
  visit("short_pages", self.short_pages);
  visit("empty_pages", self.empty_pages);
  visit("duplicate_items", self.duplicate_items);
  visit("latency_ms", self.latency_ms);
  visit("kept_versions", self.kept_versions);
  visit("rotated_token_grace_seconds", self.rotated_token_grace_seconds);
  visit("malformed_sync_token", self.malformed_sync_token);
  visit("parameter_mismatch", self.parameter_mismatch);
  visit("retimed_exceptions", self.retimed_exceptions);
  visit("updated_min_days", self.updated_min_days);
  visit("horizon_days", self.horizon_days);
  visit("oversized_bytes", self.oversized_bytes);
  visit("push_allow_http", self.push_allow_http);
  visit("push_proxy", self.push_proxy);
  visit("push_unsupported", self.push_unsupported);
  visit("push_unauthorized_host", self.push_unauthorized_host);
  visit("push_stop_foreign", self.push_stop_foreign);
  visit("push_sync_before_answer", self.push_sync_before_answer);
  visit("push_default_ttl_seconds", self.push_default_ttl_seconds);
  visit("push_max_ttl_seconds", self.push_max_ttl_seconds);
  visit("push_delay_ms", self.push_delay_ms);
  visit("push_retry_ms", self.push_retry_ms);
  visit("push_retries", self.push_retries);
  visit("push_timeout_ms", self.push_timeout_ms);
  visit("push_in_flight", self.push_in_flight);
  microsoft::each_switch(self.microsoft, visit);
}

bool assign(bool& target, const JsonValue& value) {
  if (!value.IsBool()) return false;
  target = value.GetBool();
  return true;
}
bool assign(std::int64_t& target, const JsonValue& value) {
  if (!value.IsInt64() || value.GetInt64() < 0) return false;
  target = value.GetInt64();
  return true;
}
bool assign(std::string& target, const JsonValue& value) {
  if (!value.IsString()) return false;
  target.assign(value.GetString(), value.GetStringLength());
  return true;
}

void write(ObjectWriter& object, std::string_view name, bool value) { object.boolean(name, value); }
void write(ObjectWriter& object, std::string_view name, std::int64_t value) { object.number(name, value); }
void write(ObjectWriter& object, std::string_view name, const std::string& value) { object.text(name, value); }

}  // namespace

std::string Settings::apply(const JsonValue& changes) {
  if (!changes.IsObject()) return "a JSON object is needed";
  Settings changed = *this;
  for (const auto& [name, value] : changes.GetObject()) {
    const std::string_view key(name.GetString(), name.GetStringLength());
    bool known = false, taken = false;
    each_switch(changed, [&](std::string_view candidate, auto& target) {
      if (candidate != key) return;
      known = true;
      taken = assign(target, value);
    });
    if (!known) return "unknown setting " + std::string(key);
    if (!taken) return "wrong kind of value for " + std::string(key);
  }
  *this = changed;
  return "";
}

std::string Settings::json() const {
  std::string out;
  {
    ObjectWriter object(out);
    each_switch(*this, [&](std::string_view name, const auto& value) { write(object, name, value); });
  }
  return out;
}

}  // namespace calsync::emulator
