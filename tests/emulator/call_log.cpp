// SPDX-License-Identifier: Apache-2.0
#include "call_log.hpp"

#include <algorithm>
#include <array>

#include "json.hpp"
#include "text.hpp"

namespace calsync::emulator {

bool CallFilter::matches(const Call& call) const {
  return call.number > since && (operation.empty() || operation == call.operation) &&
         (account.empty() || account == call.account) && (calendar_id.empty() || calendar_id == call.calendar_id) &&
         (status < 0 || status == static_cast<std::int64_t>(call.status));
}

void CallLog::add(Call call) {
  call.number = ++last_;
  ++total_;
  ++counters_[call.operation][call.status];
  if (ring_.size() < capacity) {
    ring_.push_back(std::move(call));
  } else {
    ring_[(last_ - 1) % capacity] = std::move(call);
  }
  if (last_ - first_ >= capacity) first_ = last_ - capacity + 1;
  if (listener_) listener_();
}

// Numbers go on, so that a `since` taken before still means the same.
void CallLog::clear() {
  first_ = last_ + 1;
  counters_.clear();
  total_ = 0;
  peak_ = running_;
}

std::vector<const Call*> CallLog::select(const CallFilter& filter) const {
  std::vector<const Call*> found;
  for (std::uint64_t number = std::max(first_, filter.since + 1); number <= last_; ++number) {
    const Call& call = ring_[(number - 1) % capacity];
    if (filter.matches(call)) found.push_back(&call);
  }
  return found;
}

std::size_t CallLog::count(const CallFilter& filter) const { return select(filter).size(); }

std::string CallLog::stats() const {
  std::string out;
  {
    ObjectWriter object(out);
    object.number("total", static_cast<std::int64_t>(total_));
    object.number("last", static_cast<std::int64_t>(last_));
    object.number("running", running_);
    object.number("max_concurrency", peak_);
    std::string operations;
    {
      ObjectWriter rows(operations);
      for (const auto& [operation, statuses] : counters_) {
        ObjectWriter row(rows.key(operation));
        std::uint64_t sum = 0;
        for (const auto& [status, number] : statuses) {
          row.number(std::to_string(status), static_cast<std::int64_t>(number));
          sum += number;
        }
        row.number("total", static_cast<std::int64_t>(sum));
      }
    }
    object.raw("operations", operations);
  }
  return out;
}

std::string call_json(const Call& call) {
  std::string out;
  {
    ObjectWriter object(out);
    object.number("number", static_cast<std::int64_t>(call.number));
    object.number("time_ms", call.time_ms);
    object.text("method", call.method);
    object.text("target", call.target);
    object.text("operation", call.operation);
    object.text("account", call.account);
    object.text_unless_empty("calendar_id", call.calendar_id);
    object.number("status", call.status);
    object.number("page", call.page);
    object.boolean("page_token", call.page_token);
    object.boolean("sync_token", call.sync_token);
    if (call.fault != 0) object.number("fault", static_cast<std::int64_t>(call.fault));
  }
  return out;
}

std::string redacted_target(std::string_view target) {
  static constexpr std::array<std::string_view, 8> secrets{
      "access_token", "oauth_token", "token", "code", "client_secret", "refresh_token", "id_token", "code_verifier"};
  const std::size_t mark = target.find('?');
  std::string out(target.substr(0, mark));
  if (mark == target.npos) return out;
  char separator = '?';
  for (const std::string_view pair : split(target.substr(mark + 1), '&')) {
    out += separator;
    separator = '&';
    const std::string_view name = pair.substr(0, pair.find('='));
    const bool secret = std::ranges::find(secrets, percent_decode(name, true)) != secrets.end();
    out.append(secret ? name : pair);
    if (secret) out += "=redacted";
  }
  return valid_utf8(out) ? out : percent_encode(out);
}

}  // namespace calsync::emulator
