// SPDX-License-Identifier: Apache-2.0
#include "api-server/web/explanation_view.hpp"

#include "api-server/web/connection_filter.hpp"
#include "api-server/web/page.hpp"
#include "common/sync/explain.hpp"

namespace calsync::api::web {
namespace {

Html facts_view(const store::ConnectionView& view) {
  const sync::ConnectionFacts& facts = view.facts;
  Facts known;
  known.add("Last success", moment(facts.last_synced_at, view.now));
  known.add("Due", moment(facts.due_at, view.now));
  if (facts.lease_until) known.add("Lease until", moment(facts.lease_until, view.now));
  if (facts.backoff_until) known.add("Backs off until", moment(facts.backoff_until, view.now));
  Html errors;
  errors << facts.error_count;
  known.add("Errors in a row", errors);
  known.add("Last error", said(facts.last_error));
  known.add("Enabled", facts.sync_enabled ? Html("yes") : Html("no"));
  known.add("Grant good until", moment(view.token_expiry, view.now));
  Html frequency;
  frequency << "every " << facts.sync_frequency_minutes << " min";
  known.add("Polled", frequency);
  return known.html();
}

}  // namespace

Task<Html> explanation_view(const Services& services, store::ConnectionView view) {
  const sync::Explanation explanation = sync::explain(view.facts, services.gate, view.now);
  const std::string state(sync::state_name(sync::derive_state(view.facts, view.now)));
  Html html;
  html << "<p class=\"explained\">" << state_tag(state) << " <strong>" << text(explanation.situation)
       << "</strong>: " << said(explanation.reason)
       << "</p><p>Can be mended by: " << text(sync::owner_name(sync::error_owner(view.facts, view.now)))
       << "</p><p>What to do: " << (explanation.action.empty() ? Html("nothing") : said(explanation.action)) << "</p>"
       << facts_view(view);
  co_return html;
}

}  // namespace calsync::api::web
