// SPDX-License-Identifier: Apache-2.0
#include "push_board.hpp"

#include <algorithm>

#include "clock.hpp"
#include "provider.hpp"

namespace calsync::emulator {
namespace {

constexpr std::size_t most_waiting = 200000;
constexpr std::int64_t usual_hold_ms = 2000;

bool accepted(unsigned status) {
  return status == 200 || status == 201 || status == 202 || status == 204 || status == 102;
}

bool worth_retrying(unsigned status) {
  return status == 0 || status == 500 || status == 502 || status == 503 || status == 504;
}

// Why a message is not sent although its time has come; empty when it is.
std::string_view obstacle(const PushMessage& message) {
  if (!message.channel || message.always) return {};
  const Channel& channel = *message.channel;
  if (channel.stopped) return "stopped";
  if (channel.killed) return "killed";
  if (channel.gone && message.state != "not_exists") return "gone";
  return now_ms() < channel.ends_ms ? std::string_view() : "expired";
}

}  // namespace

HeaderLines PushMessage::headers() const {
  HeaderLines lines;
  if (channel) lines = channel_headers(*channel, state, number);
  for (const auto& [name, value] : forged) {
    std::erase_if(lines, [&](const auto& line) { return equal_ignoring_case(line.first, name); });
    if (!value.empty()) lines.emplace_back(name, value);
  }
  return lines;
}

void PushBoard::announce(Provider& provider) {
  if (marks.empty()) return;
  const ResourceMarks changed = std::exchange(marks, {});
  for (const std::string& id : changed.calendars)
    for (const ChannelPtr& channel : channels.of_calendar(id)) notify(channel, "exists");
  for (const std::string& email : changed.lists) announce_list(provider, email);
}

void PushBoard::announce_list(Provider& provider, std::string_view email) {
  Account* account = provider.find_account(email);
  for (const ChannelPtr& channel : channels.of_account(email)) {
    if (!channel->open()) continue;
    const bool whole_list = channel->calendar_id.empty();
    const CalendarListEntry* entry = account && !whole_list ? account->entry(channel->calendar_id) : nullptr;
    const bool there = whole_list ? account != nullptr : entry && !entry->deleted;
    if (there && !whole_list) continue;
    notify(channel, there ? "exists" : "not_exists");
    channel->gone = !there;
  }
}

PushMessage PushBoard::message_of(const ChannelPtr& channel, std::string_view state) {
  PushMessage message;
  message.channel = channel;
  message.address = channel->address;
  message.state = state;
  message.number = channel->next_number();
  return message;
}

void PushBoard::notify(const ChannelPtr& channel, std::string_view state) {
  if (channel->killed) {
    ++channel->changes_unsent;
    return;
  }
  const std::int64_t delay_ms = state == "sync" ? 0 : settings_.push_delay_ms;
  PushMessage message = message_of(channel, state);
  if (const PushFault* fault = faults.hit(*channel, state)) {
    distort(*fault, std::move(message), delay_ms);
  } else {
    queue(std::move(message), delay_ms);
  }
}

void PushBoard::distort(const PushFault& fault, PushMessage message, std::int64_t delay_ms) {
  if (fault.kind == "lost") return record(message, 0, "fault_lost");
  if (fault.kind == "reordered") {
    message.held = true;
    return queue(std::move(message), fault.delay_ms > 0 ? fault.delay_ms : usual_hold_ms);
  }
  delay_ms += fault.delay_ms;
  const bool new_numbers = fault.kind == "burst";
  const std::int64_t copies = fault.kind == "delayed" ? 1 : fault.count;
  for (std::int64_t i = 1; i < copies; ++i) {
    queue(message, delay_ms);
    if (new_numbers) message.number = message.channel->next_number();
  }
  queue(std::move(message), delay_ms);
}

void PushBoard::stop(Channel& channel) {
  const ChannelPtr shared = channels.find(channel.id);
  channel.stopped = true;
  const PushFault* fault = faults.hit(channel, "stop");
  for (std::int64_t i = 0; fault && i < fault->count; ++i) {
    PushMessage stray = message_of(shared, "exists");
    stray.always = true;
    queue(std::move(stray), fault->delay_ms);
  }
}

void PushBoard::queue(PushMessage message, std::int64_t delay_ms) {
  if (queue_.size() >= most_waiting) return record(message, 0, "overflow");
  message.generation = generation_;
  if (message.held) ++held_;
  queue_.emplace(std::pair(steady_ms() + delay_ms, ++arrivals_), std::move(message));
  if (listener_) listener_();
}

std::optional<PushMessage> PushBoard::take() {
  while (!queue_.empty() && queue_.begin()->first.first <= steady_ms()) {
    PushMessage message = std::move(queue_.extract(queue_.begin()).mapped());
    if (std::exchange(message.held, false)) --held_;
    const std::string_view reason = message.owner ? message.owner->prepare(message) : obstacle(message);
    if (!reason.empty()) {
      record(message, 0, reason);
      continue;
    }
    ++message.attempt;
    message.sent_ms = steady_ms();
    most_in_flight_ = std::max(most_in_flight_, ++in_flight_);
    return message;
  }
  return std::nullopt;
}

void PushBoard::finish(PushMessage message, PushAnswer answer) {
  --in_flight_;
  if (message.generation != generation_) return;  // of the world before a reset
  if (PushOwner* owner = message.owner) return owner->answered(std::move(message), answer);
  const unsigned status = answer.status;
  const bool again = worth_retrying(status) && message.attempt <= settings_.push_retries;
  const std::string_view outcome = accepted(status) ? "delivered" : again ? "retrying" : "lost";
  if (held_ > 0) release_held(message);
  if (!again) return record(message, status, outcome, std::move(answer.error));
  const std::int64_t backoff = settings_.push_retry_ms << std::min(message.attempt - 1, 16);
  queue(message, backoff);
  record(message, status, outcome, std::move(answer.error));
}

void PushBoard::settle(const PushMessage& message, const PushAnswer& answer, std::string_view outcome) {
  record(message, answer.status, outcome, answer.error);
}

void PushBoard::drop(const std::string& about, const std::string& address, const std::string& state,
                     std::string_view outcome) {
  PushMessage message;
  message.about = about;
  message.address = address;
  message.state = state;
  record(message, 0, outcome);
}

void PushBoard::release_held(const PushMessage& sent) {
  for (auto row = queue_.begin(); row != queue_.end();) {
    const auto here = row++;
    PushMessage& message = here->second;
    if (!message.held || message.channel != sent.channel || message.number > sent.number) continue;
    message.held = false;
    --held_;
    auto node = queue_.extract(here);
    // Not ahead of what was queued before.
    node.key() = {steady_ms(), ++arrivals_};
    queue_.insert(std::move(node));
  }
}

std::optional<std::int64_t> PushBoard::next_due_in_ms() const {
  if (queue_.empty()) return std::nullopt;
  return std::max<std::int64_t>(0, queue_.begin()->first.first - steady_ms());
}

void PushBoard::record(const PushMessage& message, unsigned status, std::string_view outcome, std::string error) {
  if (message.channel && message.state == "sync") message.channel->sync_tried = true;
  PushRecord row;
  row.channel_id = message.about;
  if (message.channel) row.channel_id = message.channel->id;
  row.address = message.address;
  row.state = message.state;
  row.error = std::move(error);
  row.message_number = message.number;
  row.attempt = message.attempt;
  row.status = status;
  row.outcome = outcome;
  log.add(std::move(row));
}

std::string PushBoard::stats() const {
  std::string out;
  {
    ObjectWriter object(out);
    object.number("channels", static_cast<std::int64_t>(channels.all().size()));
    object.number("queued", static_cast<std::int64_t>(queue_.size()));
    object.number("in_flight", in_flight_);
    object.number("max_in_flight", most_in_flight_);
    object.number("last", static_cast<std::int64_t>(log.last()));
    ObjectWriter outcomes(object.key("outcomes"));
    for (const auto& [outcome, times] : log.outcomes()) outcomes.number(outcome, static_cast<std::int64_t>(times));
  }
  return out;
}

void PushBoard::clear() {
  ++generation_;
  marks = {};
  channels.clear();
  faults.clear();
  log.clear();
  queue_.clear();
  held_ = 0;
  most_in_flight_ = in_flight_;
}

}  // namespace calsync::emulator
