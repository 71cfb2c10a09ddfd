// SPDX-License-Identifier: Apache-2.0
#include "api-server/web/explanation_view.hpp"

#include <algorithm>

#include "api-server/routes/explain_json.hpp"
#include "api-server/web/connection_filter.hpp"
#include "api-server/web/page.hpp"
#include "common/sync/explain.hpp"

namespace calsync::api::web {
namespace {

/// "last_success" as people read it.
std::string spoken(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

Html facts_view(const std::vector<sync::Fact>& facts) {
  Facts known;
  for (const sync::Fact& one : facts) known.add(text(spoken(one.name)), said(one.words));
  return known.html();
}

}  // namespace

Task<Html> explanation_view(const Services& services, store::ConnectionView view) {
  const std::string state(sync::state_name(sync::derive_state(view.facts, view.now)));
  const Explained explained = co_await gather(services.connections, services.pool, provider_hosts(services.registry),
                                              services.clock, std::move(view));
  const sync::Explanation explanation = sync::explain(explained.evidence, services.gate);
  Html html;
  html << "<p class=\"explained\">" << state_tag(state) << " <strong>" << text(spoken(explanation.situation))
       << "</strong>: " << said(explanation.reason) << "</p><p><span class=\"soft\">Can be mended by:</span> "
       << text(sync::owner_name(explanation.owner)) << "</p><p class=\"todo\"><span class=\"soft\">What to do:</span> "
       << (explanation.action.empty() ? Html("nothing") : said(explanation.action)) << "</p>"
       << facts_view(sync::facts_of(explained.evidence, services.gate));
  co_return html;
}

}  // namespace calsync::api::web
