// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "common/net/url.hpp"
#include "common/sync/outcome.hpp"
#include "tests/emulator/json.hpp"
#include "tests/emulator/text.hpp"
#include "tests/simulation/world/checks.hpp"

namespace calsync::simulation {
namespace {

/// Of one connection in a minute: runs ask a handful of times, also when a calendar has to be read again.
constexpr int many_calls = 240;
/// Each series of a mailbox takes two, and pages may be tiny. The product allows itself 400 a minute, and whoever takes
/// over a run that was not settled does not know how many of these are spent.
constexpr int many_graph_calls = 800;

std::string_view bearer(const net::HttpRequest& request) {
  const std::string_view text = request.authorization.reveal();
  return text.starts_with("Bearer ") ? text.substr(7) : std::string_view();
}

/// A parameter of a form, decoded.
std::string form_value(std::string_view body, std::string_view name) {
  const emulator::Query query{body};
  return std::string(query.get(name));
}

/// The calendar that /calendars/ID/events names.
std::string calendar_of(std::string_view url) {
  const std::size_t begin = url.find("/calendars/");
  if (begin == url.npos) return {};
  const std::string_view rest = url.substr(begin + 11);
  return emulator::percent_decode(rest.substr(0, rest.find('/')), false);
}

/// Calls that a run makes for its account; what farewell says is said for accounts that are gone.
bool of_a_run(std::string_view operation) {
  return operation == "list_events" || operation == "list_calendars" || operation == "watch" ||
         operation == "get_event" || operation == "list_instances" || operation == "feed";
}

}  // namespace

std::string Checks::connection_of(const net::HttpRequest& request) const {
  if (const std::string_view token = bearer(request); !token.empty()) {
    const emulator::AccessToken* access = provider_.provider.tokens.find_access(token);
    const auto given = tokens_.find(token);
    const emulator::microsoft::EntraAccess* entra =
        access ? nullptr : provider_.provider.microsoft.tokens.find_access(token);
    const Member* member = access                   ? roster_.by_email(access->account->email)
                           : entra                  ? roster_.by_email(entra->user->email)
                           : given != tokens_.end() ? roster_.by_email(given->second)
                                                    : nullptr;
    return member ? member->connection : "";
  }
  const std::string refresh = form_value(request.body.reveal(), "refresh_token");
  if (!refresh.empty()) {
    const auto given = tokens_.find(refresh);
    const Member* member = given == tokens_.end() ? nullptr : roster_.by_email(given->second);
    return member ? member->connection : "";
  }
  const Member* feed = roster_.by_feed_url(request.url);
  return feed ? feed->connection : "";
}

std::uint64_t Checks::call_starts(const std::string& process, const net::HttpRequest& request) {
  Call call{process,
            connection_of(request),
            std::string(request.operation.text()),
            calendar_of(request.url),
            scheduler_.elapsed(),
            scheduler_.elapsed(),
            request.url.find("syncToken=") != std::string::npos,
            of_a_run(request.operation.text()),
            abandoned_.contains(form_value(request.body.reveal(), "refresh_token"))};
  call.page = page_of(call);
  scheduler_.trace().say(call.started,
                         fmt::format("{} calls {} for {}", process, call.operation, call.connection.substr(0, 8)));
  const auto gate = gates_.find(process);
  const bool begun_before = gate != gates_.end() && call.page < call.started && call.page <= gate->second.since;
  if (gate != gates_.end() && !gate->second.settings.on(sync::Flag::sync) && !begun_before)
    violated("I14", fmt::format("{} calls {} while calendar sync is switched off", process, call.operation));
  if (const auto* row = database_.tables().connections.find(call.connection); row && gate != gates_.end()) {
    const bool admitted =
        gate->second.settings.owners.admits(row->provider_id) && gate->second.settings.connections.admits(row->id);
    // What farewell says is said for connections that are gone, which nobody is on a list for.
    if (!admitted && of_a_run(call.operation) && !begun_before)
      violated("I14", fmt::format("{} calls {} for an owner who is not on the list", process, call.operation));
  }
  // Whoever has lost the lease without knowing it yet has not heard of the pause either. It learns when it renews it.
  if (const Pause& pause = pause_of(call.connection);
      scheduler_.elapsed() < pause.until && of_a_run(call.operation) && of_the_holder(call))
    violated("I9", fmt::format("{} calls {} {} ms before the pause ends that the provider asked for ({})", process,
                               call.operation, (pause.until - scheduler_.elapsed()).count() / 1000, pause.why));
  if (of_a_run(call.operation) && unstored_.contains(std::string(bearer(request))))
    violated("I13", fmt::format("{} uses a token of {} that it has not stored", process, call.connection));
  if (of_a_run(call.operation)) judge_places(call);
  if (!call.connection.empty()) {
    Story& one = story(call.connection);
    // Farewell asks for the tokens of earlier connections of the same account.
    if (call.operation == "refresh" && one.suspended_for_grant && of_the_holder(call))
      violated("I13",
               fmt::format("{} asks for a token of {}, whose grant is known to be dead", process, call.connection));
    auto& [minute, count] = rates_[call.connection];
    const Duration now = std::chrono::floor<std::chrono::minutes>(scheduler_.elapsed());
    if (std::exchange(minute, now) != now) count = 0;
    const int most = is_of_mailbox(call.connection) ? many_graph_calls : many_calls;
    if (++count > most) violated("I9", fmt::format("{} calls within a minute for {}", count, call.connection));
  }
  if (call.operation == "watch") {
    emulator::Json asked;
    if (emulator::parse_json(request.body.reveal(), asked) && asked.IsObject())
      client_states_.insert(std::string(emulator::string_member(asked, "clientState")));
  }
  calls_.emplace(++last_call_, std::move(call));
  if (on_call_) on_call_();
  return last_call_;
}

void Checks::call_ends(std::uint64_t number, const Result<net::HttpResponse>& answer) {
  const auto found = calls_.find(number);
  if (found == calls_.end()) return;
  const Call call = std::move(found->second);
  calls_.erase(found);
  const int status = answer ? answer->status : 0;
  scheduler_.trace().say(scheduler_.elapsed(), fmt::format("{} hears {} of {}{}", call.process, status, call.operation,
                                                           answer ? "" : ": " + answer.error().message));
  // Who stops a channel is answered 204; a page in its place does not come from the provider.
  if (((call.operation == "stop" || call.operation == "refresh") && status / 100 == 4) ||
      (call.operation == "stop" && status == 200))
    stop_denied_ = scheduler_.elapsed();
  if (call.connection.empty()) return;
  note_sync_token(call, answer);
  story(call.connection).last = call;
  story(call.connection).last_ended = scheduler_.elapsed();
  if (of_the_holder(call)) {
    Epoch& epoch = story(call.connection).epoch;
    epoch.heard = scheduler_.elapsed();
    epoch.told_to_wait |= answer && !answer->header("Retry-After").empty();
  }
  if (call.operation == "refresh" && answer && of_the_holder(call)) note_token_answer(call, *answer);
  const bool refusal = status == 429 || status == 503 || status == 509 || status == 403;
  if (answer && refusal && (of_a_run(call.operation) || call.operation == "refresh")) {
    const auto asked = parse_retry_after(answer->header("Retry-After"), provider_.now());
    const std::chrono::seconds wait = std::min(asked.value_or(std::chrono::seconds(0)), sync::longest_wait);
    if (asked && wait > std::chrono::seconds(0) && of_the_holder(call)) {
      Pause& pause = story(call.connection).epoch.pause;
      pause.until = std::max(pause.until, scheduler_.elapsed() + wait);
      pause.why = fmt::format("{} to {}, {} s", status, call.operation, wait.count());
    }
  }
  // A new token that is refused, too, speaks against the grant, and so does a permission that is gone.
  if (status == 403 && answer->body.find("nsufficientPermission") != std::string::npos)
    ++story(call.connection).refusals;
  // Of a mailbox Graph says it in its own words.
  if (status == 403 && call.operation == "list_calendars" && is_of_mailbox(call.connection))
    ++story(call.connection).refusals;
  if (status == 401 && of_a_run(call.operation) && story(call.connection).epoch.refreshed)
    ++story(call.connection).refusals;
  if (status != 200) return;
  if (is_of_mailbox(call.connection))
    read_graph_items(call, *answer);
  else if (call.operation == "list_events")
    read_items(call, *answer);
}

Duration Checks::page_of(const Call& call) {
  const auto goes_on = [&](const Story& one) {
    if (one.last.process != call.process || one.last_ended != call.started) return false;
    const std::string_view before = one.last.operation;
    return (before == "get_event" && call.operation == "list_instances") ||
           (before == "list_calendars" && call.operation == "list_calendars" && is_of_mailbox(call.connection)) ||
           (before == "watch" && call.operation == "list_channels") ||
           (before == "list_channels" && call.operation == "stop") ||
           (before == "stop" && call.operation == "watch" && one.last.page < one.last.started);
  };
  if (!call.connection.empty())
    return goes_on(story(call.connection)) ? story(call.connection).last.page : call.started;
  // It was erased meanwhile, and nobody knows whose the token is.
  for (const std::string& id : erased_)
    if (goes_on(story(id))) return story(id).last.page;
  return call.started;
}

bool Checks::is_of_mailbox(const std::string& connection) const {
  const Member* member = roster_.by_connection(connection);
  return member && member->provider == "microsoft";
}

bool Checks::of_the_holder(const Call& call) {
  const auto worker = worker_of_process_.find(call.process);
  const ConnectionRow* row = database_.tables().connections.find(call.connection);
  return !call.of_farewell && worker != worker_of_process_.end() &&
         worker->second == story(call.connection).epoch.worker && row && row->lease_until &&
         row->lease_owner == worker->second;
}

void Checks::read_items(const Call& call, const net::HttpResponse& response) {
  Epoch& epoch = story(call.connection).epoch;
  emulator::Json page;
  if (!emulator::parse_json(response.body, page) || !page.IsObject()) {
    // Poisoned: this reader understands none of it, and the product may understand all but one event.
    epoch.unread = true;
    return;
  }
  if (const auto items = page.FindMember("items"); items != page.MemberEnd() && items->value.IsArray()) {
    for (const auto& item : items->value.GetArray()) {
      if (item.IsObject())
        epoch.served[{call.calendar, std::string(emulator::string_member(item, "id"))}] =
            emulator::string_member(item, "etag");
    }
  }
  const std::string token(emulator::string_member(page, "nextSyncToken"));
  if (!token.empty()) epoch.ended[call.calendar] = token;
}

void Checks::note_token_answer(const Call& call, const net::HttpResponse& response) {
  Story& one = story(call.connection);
  emulator::Json said;
  const bool readable = emulator::parse_json(response.body, said) && said.IsObject();
  if (response.status == 200) {
    for (const char* kind : {"access_token", "refresh_token"}) {
      if (on_secret_ && readable) on_secret_(std::string(emulator::string_member(said, kind)));
    }
    const Member* member = roster_.by_connection(call.connection);
    for (const char* kind : {"access_token", "refresh_token"}) {
      if (member && readable && said.HasMember(kind))
        granted(std::string(emulator::string_member(said, kind)), member->grant.email);
    }
    // What looks like an answer of somebody else's says nothing about the grant.
    if (!readable) return;
    unstored_[std::string(emulator::string_member(said, "access_token"))] = call.connection;
    one.epoch.forgiven += std::exchange(one.refusals, 0);
    one.asked_in_vain = 0;
    one.epoch.refreshed = true;
    one.epoch.token_life.reset();
    if (const auto life = emulator::int_member(said, "expires_in")) one.epoch.token_life = std::chrono::seconds(*life);
    one.last_token_error.clear();
    return;
  }
  one.last_token_error = readable ? emulator::string_member(said, "error") : "";
  // The latter says Entra of a person who has to sign in once more.
  if (one.last_token_error != "invalid_grant" && one.last_token_error != "interaction_required") return;
  ++one.refusals;
  if (++one.asked_in_vain > 4)
    violated("I13",
             fmt::format("the refused grant of {} is asked for the {}th time", call.connection, one.asked_in_vain));
}

}  // namespace calsync::simulation
