// SPDX-License-Identifier: Apache-2.0
// Writing events ("Create event", "Update event", "Delete event", "event: accept", "event: cancel").
#include <fmt/format.h>

#include <algorithm>

#include "graph_event_input.hpp"
#include "graph_event_json.hpp"
#include "tests/emulator/clock.hpp"
#include "tests/emulator/digest.hpp"
#include "tests/emulator/seed.hpp"

namespace calsync::emulator::microsoft {
namespace {

Response event_answer(GraphCall& call, const Item& item, std::optional<std::int64_t> day, unsigned status) {
  std::string body;
  append_event(body, view_of(call), item, day,
               fmt::format("{}/$metadata#users('{}')/events/$entity", call.root(), call.user.id));
  Response response = graph_json(status, std::move(body));
  response.header("ETag", etag_of(item, day));
  if (status == 201)
    response.header("Location", fmt::format("{}/users('{}')/events('{}')", call.root(), call.user.id,
                                            item_id(*item.folder, item, call.preferences.immutable_ids, day)));
  return response;
}

Response accepted() {
  Response response = json_response(202, "");
  response.content_type.clear();
  return response;
}

std::int64_t recipients_of(const Content& content) {
  std::int64_t count = 0;
  for (std::size_t at = 0; (at = content.attendees.find("\"emailAddress\"", at)) != std::string::npos; ++at) ++count;
  return count;
}

// Invitations and updates leave at once, there is no way to write without them.
void mail(GraphCall& call, std::string_view kind, const Content& content) {
  if (!content.meeting() || !content.organized_here) return;
  call.world().mails.push_back({now_ms(), call.user.email, std::string(kind), content.subject, recipients_of(content)});
}

void check_match(const Request& request, const Item& item, std::optional<std::int64_t> day) {
  if (request.if_match.empty() || request.if_match == "*") return;
  const std::string etag = etag_of(item, day);
  if (request.if_match != etag && "W/" + request.if_match != etag) throw change_conflict();
}

void remember_after_write(GraphCall& call, const Item& item) {
  if (const std::int64_t after = call.switches().graph_after_write_ms; after > 0)
    item.folder->mailbox.due_touches.emplace_back(now_ms() + after, item.key);
}

std::string new_ical_uid() {
  return "040000008200E00074C5B7101A82E00800000000" + upper(hex(random_bytes(8))) + "000000000000000010000000" +
         upper(hex(random_bytes(16)));
}

Response duplicate(GraphCall& call, const Item& known) {
  const std::string& way = call.switches().graph_duplicate_transaction;
  if (way == "201") return event_answer(call, known, std::nullopt, 201);
  GraphError error{way.starts_with("400") ? 400u : 409u, "ErrorDuplicateTransactionId",
                   "Your request can't be completed. The TransactionId specified in the request has already been used "
                   "to create a different event."};
  if (way.ends_with("-id")) {
    error.members = "\"@event.existingEventId\":";
    append_quoted(error.members, item_id(*known.folder, known, call.preferences.immutable_ids));
  }
  throw error;
}

// An occurrence may not reach the day of its neighbours.
void check_neighbours(const GraphCall& call, const Item& item, std::int64_t day, const Content& moved) {
  const auto days = occurrence_days(*item.recurrence, day - 800, day + 800, call.clamps());
  const auto here = std::ranges::find(days, day);
  if (here == days.end()) return;
  const std::int64_t first = moved.start.day(),
                     last = std::max(first, Moment{moved.end.local - 1, moved.end.zone}.day());
  const bool before = here != days.begin() && first <= span_of(item, *(here - 1)).start.day();
  const bool after = here + 1 != days.end() && last >= span_of(item, *(here + 1)).start.day();
  if (before || after)
    throw bad_request("ErrorOccurrenceCrossingBoundary",
                      "Modified occurrence is crossing or overlapping adjacent occurrence.");
}

Response patch_occurrence(GraphCall& call, const Target& target, const Json& body) {
  Item& item = *target.item;
  const std::int64_t day = *target.day;
  if (member(body, "recurrence") && !member(body, "recurrence")->IsNull())
    throw bad_request("ErrorInvalidRequest", "An occurrence has no recurrence.");
  Content known = target.exception() ? target.exception()->content : item.content;
  const Span span = span_of(item, day);
  known.start = span.start;
  known.end = span.end;
  EventInput input = read_event(body, known, std::nullopt, call.switches(), item.folder->mailbox);
  if (input.moves) check_neighbours(call, item, day, input.content);
  Exception& exception = item.exceptions[day];
  if (exception.created_ms == 0) exception.created_ms = item.created_ms;
  exception.content = std::move(input.content);
  exception.modified_ms = now_ms();
  item.folder->mailbox.touch(item);
  exception.change_key = next_etag();
  mail(call, "update", exception.content);
  return event_answer(call, item, day, 200);
}

}  // namespace

Response create_event(GraphCall& call) {
  Folder& folder = *writable_listing(call).folder;
  const Json body = graph_body(call.request);
  if (!member(body, "start") || !member(body, "end"))
    throw bad_request("ErrorPropertyValidationFailure", "At least one property failed validation: start, end.");
  auto item = std::make_unique<Item>();
  EventInput input = read_event(body, Content(), std::nullopt, call.switches(), folder.mailbox);
  if (!input.transaction_id.empty())
    if (const Item* known = folder.mailbox.with_transaction(input.transaction_id)) return duplicate(call, *known);
  item->content = std::move(input.content);
  item->recurrence = input.recurrence;
  item->transaction_id = input.transaction_id;
  item->ical_uid = new_ical_uid();
  const Item& added = folder.mailbox.add(std::move(item), folder);
  mail(call, "invitation", added.content);
  remember_after_write(call, added);
  return event_answer(call, added, std::nullopt, 201);
}

Response patch_event(GraphCall& call) {
  const Target target = target_of(call);
  writable_listing(call);
  Item& item = *target.item;
  check_match(call.request, item, target.day);
  const Json body = graph_body(call.request);
  if (target.day) return patch_occurrence(call, target, body);
  if (const std::string_view id = string_member(body, "transactionId"); !id.empty() && id != item.transaction_id)
    throw bad_request("ErrorInvalidRequest", "The transactionId cannot be changed.");
  EventInput input = read_event(body, item.content, item.recurrence, call.switches(), item.folder->mailbox);
  const bool retimed =
      item.is_series() && (!input.recurrence || !input.recurrence->same_days(*item.recurrence) ||
                           !(input.content.start == item.content.start) || !(input.content.end == item.content.end));
  item.content = std::move(input.content);
  item.recurrence = input.recurrence;
  // A series of other times has none of the old exceptions.
  if (retimed && call.switches().graph_retimed_exceptions == "drop") {
    item.exceptions.clear();
    item.removed_days.clear();
  }
  item.folder->mailbox.touch(item);
  mail(call, "update", item.content);
  remember_after_write(call, item);
  return event_answer(call, item, std::nullopt, 200);
}

Response delete_event(GraphCall& call) {
  const Target target = target_of(call);
  writable_listing(call);
  Item& item = *target.item;
  check_match(call.request, item, target.day);
  mail(call, "cancellation", item.content);
  if (target.day) {
    item.exceptions.erase(*target.day);
    item.removed_days.insert(*target.day);
    item.folder->mailbox.touch(item);  // it is the series that changed
  } else {
    item.folder->mailbox.remove(item);
  }
  return graph_json(204, "");
}

Response answer_invitation(GraphCall& call) {
  const Target target = target_of(call);
  Item& item = *target.item;
  if (!item.content.meeting() || item.content.organized_here)
    throw bad_request("ErrorInvalidRequest", "You can't respond to this meeting because you're the meeting organizer.");
  Content& content = target.day && target.exception() ? item.exceptions[*target.day].content : item.content;
  content.response = call.rest == "accept" ? "accepted" : call.rest == "decline" ? "declined" : "tentativelyAccepted";
  content.response_ms = now_ms();
  content.show_as = call.rest == "accept" ? "busy" : "tentative";
  if (call.rest == "decline")
    item.folder->mailbox.remove(item);
  else
    item.folder->mailbox.touch(item);
  return accepted();
}

// For the organizer of a meeting: as deleting it, with a comment.
Response cancel_event(GraphCall& call) {
  const Target target = target_of(call);
  if (!target.item->content.organized_here || !target.item->content.meeting())
    throw bad_request("ErrorInvalidRequest",
                      "Your request can't be completed. You need to be an organizer to cancel a meeting.");
  delete_event(call);
  return accepted();
}

}  // namespace calsync::emulator::microsoft
