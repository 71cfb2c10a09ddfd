// SPDX-License-Identifier: Apache-2.0
#include "push_log.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "clock.hpp"
#include "json.hpp"

namespace calsync::emulator {
namespace {

std::string record_json(const PushRecord& record) {
  std::string out;
  {
    ObjectWriter object(out);
    object.number("number", static_cast<std::int64_t>(record.number));
    object.number("time_ms", record.time_ms);
    object.text("channel_id", record.channel_id);
    object.text("address", record.address);
    object.text("state", record.state);
    object.number("message_number", static_cast<std::int64_t>(record.message_number));
    object.number("attempt", record.attempt);
    object.number("status", record.status);
    object.text("outcome", record.outcome);
    object.text_unless_empty("error", record.error);
  }
  return out;
}

}  // namespace

bool PushFilter::matches(const PushRecord& record) const {
  return record.number > since && (channel_id.empty() || channel_id == record.channel_id) &&
         (state.empty() || state == record.state) && (outcome.empty() || outcome == record.outcome);
}

void PushLog::add(PushRecord record) {
  record.number = ++last_;
  record.time_ms = now_ms();
  ++outcomes_[record.outcome];
  records_.push_back(std::move(record));
  if (records_.size() > capacity) records_.pop_front();
  if (listener_) listener_();
}

// Numbers go on, so that a `since` taken before still means the same.
void PushLog::clear() {
  records_.clear();
  outcomes_.clear();
}

// From the newest backwards: what a waiting test asks for is near the end.
std::size_t PushLog::count(const PushFilter& filter) const {
  std::size_t found = 0;
  for (auto record = records_.rbegin(); record != records_.rend() && record->number > filter.since; ++record)
    if (filter.matches(*record)) ++found;
  return found;
}

std::string PushLog::json(const PushFilter& filter, std::string_view extra) const {
  std::string rows;
  std::size_t found = 0;
  for (const PushRecord& record : records_) {
    if (!filter.matches(record)) continue;
    if (found++ > 0) rows += ',';
    rows += record_json(record);
  }
  return fmt::format(R"({{"count":{},"last":{}{},"deliveries":[{}]}})", found, last_, extra, rows);
}

}  // namespace calsync::emulator
