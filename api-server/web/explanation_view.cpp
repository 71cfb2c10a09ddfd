// SPDX-License-Identifier: Apache-2.0
#include "api-server/web/explanation_view.hpp"

#include "api-server/routes/explain_json.hpp"
#include "api-server/web/connection_filter.hpp"
#include "api-server/web/page.hpp"
#include "common/sync/explain.hpp"

namespace calsync::api::web {
namespace {

Html facts_table(const sync::Evidence& evidence, const sync::GateSettings& gate) {
  Table table("What this rests on", {"Fact", "Is"});
  for (const sync::Fact& one : sync::facts_of(evidence, gate)) table.row({text(one.name), said(one.words)});
  return table.html("Nothing is known.");
}

Html provider_said(const sync::RunEvidence& run) {
  if (run.provider_status == 0) return "";
  Html html;
  html << run.provider_status;
  if (!run.provider_request_id.empty()) html << ", request " << said(run.provider_request_id);
  return html;
}

Html attempts_table(const sync::Evidence& evidence) {
  Table table("Latest runs", {"Ended", "Outcome", "Error", "The provider answered"});
  for (const sync::RunEvidence& run : evidence.runs)
    table.row({moment(run.finished_at, evidence.now), text(run.outcome), said(run.error), provider_said(run)});
  return table.html("No run has left a line yet.");
}

}  // namespace

Task<Html> explanation_view(const Services& services, store::ConnectionView view) {
  const std::string state(sync::state_name(sync::derive_state(view.facts, view.now)));
  const Explained explained = co_await gather(services.connections, services.pool, provider_hosts(services.registry),
                                              services.clock, std::move(view));
  const sync::Explanation told = sync::explain(explained.evidence, services.gate);
  Html html;
  html << "<p class=\"explained\">" << state_tag(state) << " <strong>" << text(told.situation)
       << "</strong>: " << said(told.reason) << "</p><p>Can be mended by: " << text(sync::owner_name(told.owner))
       << "</p><p>What to do: " << (told.action.empty() ? Html("nothing") : said(told.action)) << "</p>"
       << facts_table(explained.evidence, services.gate) << attempts_table(explained.evidence);
  co_return html;
}

}  // namespace calsync::api::web
