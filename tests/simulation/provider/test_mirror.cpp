// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/provider/test_mirror.hpp"

namespace calsync::simulation::testing {
namespace {

google::Options google_options() {
  google::Options options;
  const std::string origin(provider_origin);
  options.client_id = client_id;
  options.client_secret = Secret(std::string(client_secret));
  options.redirect_uri = redirect_uri;
  options.endpoints = {origin + "/o/oauth2/v2/auth", origin + "/token", origin + "/revoke", origin + "/v1/userinfo",
                       origin + "/calendar/v3"};
  return options;
}

}  // namespace

TestMirror::TestMirror(TestWorld& world, Grant grant, std::string calendar_id)
    : world_(world),
      grant_(std::move(grant)),
      calendar_id_(std::move(calendar_id)),
      adapter_(google::make_google_adapter(google_options(), world.transport, world.clock)) {}

TestMirror::TestMirror(TestWorld& world, std::string url)
    : world_(world),
      calendar_id_("feed"),
      is_feed_(true),
      adapter_(ics::make_ics_adapter(world.transport, {}, world.clock)) {
  grant_.access_token = std::move(url);
}

Result<void> TestMirror::sync() {
  Result<void> done = read(cursor_);
  if (!done && done.error().failure == Failure::token_rejected) {
    grant_ = grant_again(world_.world, grant_.email);
    done = read(cursor_);
  }
  if (!done && done.error().failure == Failure::cursor_expired && !cursor_.empty()) done = read("");
  return done;
}

bool TestMirror::settle(int most) {
  for (int good = 0; most > 0 && good < 2; --most) {
    good = sync() ? good + 1 : 0;
    world_.clock.advance(1min);
    if (good == 2) return true;
  }
  return false;
}

Result<void> TestMirror::read(std::string cursor) {
  sync::Delta delta;
  for (std::string page;;) {
    providers::Session session{Secret(grant_.access_token), grant_.subject, Deadline(world_.clock, 30s)};
    auto answer = run_task(adapter_.reader->list_events(std::move(session), calendar_id_, cursor, page), &world_.clock);
    if (!answer) return answer.error();
    for (calendar::EventChange& change : answer->changes) delta.add(std::move(change));
    page = answer->next_page;
    if (!page.empty()) continue;
    apply(std::move(delta), answer->snapshot);
    cursor_ = answer->next_cursor;
    return {};
  }
}

void TestMirror::apply(sync::Delta delta, bool snapshot) {
  sync::Mirror known;
  for (const auto& [id, row] : rows_)
    known.emplace(id, sync::Known{row.event.etag, row.status, row.event.recurring_event_id, false});
  sync::Plan plan = sync::reconcile(known, std::move(delta), snapshot);
  for (sync::MirrorRow& row : plan.upserts) rows_[row.event.external_event_id] = std::move(row);
  for (const std::string& id : plan.tombstones) rows_.erase(id);
}

std::map<std::string, CanonicalRow> TestMirror::rows(const std::string& zone) const {
  std::map<std::string, CanonicalRow> out;
  for (const auto& [id, row] : rows_)
    out.emplace(id, is_feed_ ? canonical_feed_row(row, zone) : canonical_row(row, zone));
  return out;
}

std::vector<std::string> compare(const std::map<std::string, CanonicalRow>& rows,
                                 const std::map<std::string, CanonicalRow>& truth) {
  std::vector<std::string> found;
  for (const auto& [id, row] : rows)
    if (!truth.contains(id)) found.push_back("ghost: " + id);
  for (const auto& [id, wanted] : truth) {
    const auto row = rows.find(id);
    if (row == rows.end()) {
      found.push_back("lost: " + id);
      continue;
    }
    if (canonical(row->second) == canonical(wanted)) continue;
    for (const std::string& line : differences(row->second, wanted)) found.push_back(id + ": " + line);
  }
  return found;
}

}  // namespace calsync::simulation::testing
