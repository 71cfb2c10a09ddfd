// SPDX-License-Identifier: Apache-2.0
#include "event_lookup.hpp"

#include <algorithm>

#include "api_error.hpp"
#include "event_json.hpp"
#include "recurrence.hpp"

namespace calsync::emulator {
namespace {

bool occurs_at(const Event& master, const EventTime& original) {
  if (original.kind != master.start.kind) return false;
  const ExpansionWindow window{original.seconds, original.seconds, 1};
  const auto found = occurrences(master.start, master.recurrence, window);
  return std::ranges::find(found, original.seconds) != found.end();
}

}  // namespace

EventTarget find_target(Calendar& calendar, std::string_view event_id) {
  if (Event* event = calendar.find(event_id)) {
    if (event->hidden) throw not_found();
    return {event, false, 0};
  }
  const std::size_t underscore = event_id.rfind('_');
  if (underscore == event_id.npos) throw not_found();
  Event* master = calendar.find(event_id.substr(0, underscore));
  const auto original = parse_id_suffix(event_id.substr(underscore + 1));
  if (!master || !master->is_master() || master->cancelled() || !original || !occurs_at(*master, *original))
    throw not_found();
  return {master, true, original->seconds};
}

Event& add_exception(Calendar& calendar, const Event& master, std::int64_t seconds) {
  auto exception = std::make_unique<Event>(master);
  exception->id = instance_id(master, seconds);
  exception->recurrence.clear();
  exception->recurring_event_id = master.id;
  exception->original = master.start.moved_to(seconds);
  exception->start = exception->original;
  exception->end = master.end.moved_to(seconds + master.duration());
  exception->change = 0;
  return calendar.add(std::move(exception));
}

void settle_exceptions(Calendar& calendar, const Event& master, std::string_view treatment) {
  const std::vector<Event*> exceptions = calendar.exceptions_of(master.id);
  for (Event* exception : exceptions)
    if (!master.is_master() || !occurs_at(master, exception->original))
      settle_exception(calendar, *exception, treatment);
}

void settle_exception(Calendar& calendar, Event& exception, std::string_view treatment) {
  if (exception.hidden || treatment == "keep") return;
  if (treatment == "drop") return calendar.hide(exception);
  // What is listed as cancelled already stays so: nobody who reads changes could learn that it went.
  if (!exception.cancelled()) calendar.cancel(exception);
}

}  // namespace calsync::emulator
