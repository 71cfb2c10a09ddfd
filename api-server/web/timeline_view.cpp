// SPDX-License-Identifier: Apache-2.0
#include "api-server/web/timeline_view.hpp"

#include "api-server/web/json_view.hpp"
#include "api-server/web/page.hpp"

namespace calsync::api::web {
namespace {

Literal item_class(const sync::TimelineEntry& entry) {
  if (entry.kind == "action") return "action";
  const bool good = entry.what == "complete" || entry.what == "active" || entry.kind == "quiet";
  const bool bad = entry.what == "retry" || entry.what == "suspend" ||
                   (entry.kind == "state" && entry.what != "active" && entry.what != "disabled");
  return good ? Literal("good") : bad ? Literal("bad") : Literal("");
}

Html heading(const sync::FoldedEntry& folded) {
  const sync::TimelineEntry& entry = folded.entry;
  Html html;
  if (entry.kind == "quiet") {
    html << folded.count << (folded.count == 1 ? Html(" quiet run") : Html(" quiet runs")) << " that found nothing new";
    return html;
  }
  html << (entry.kind == "run"      ? Html("Run: ")
           : entry.kind == "state"  ? Html("State: ")
           : entry.kind == "action" ? Html("Action: ")
                                    : Html("Event: "))
       << "<strong>" << text(entry.what) << "</strong>";
  if (folded.count > 1) html << " <span class=\"tag\">" << folded.count << " times</span>";
  return html;
}

Html figures(const sync::RunFigures& run) {
  Html html;
  html << "<p class=\"soft\">" << run.items_ingested << " new, " << run.items_updated << " changed, "
       << run.items_deleted << " deleted, " << run.items_failed << " failed, in "
       << text(duration_text(std::chrono::milliseconds(run.duration_ms)));
  if (run.provider_status != 0) html << "; the provider answered " << run.provider_status;
  if (!run.provider_request_id.empty()) html << ", its request id " << said(run.provider_request_id);
  html << "</p>";
  return html;
}

Html item(const sync::FoldedEntry& folded, Time now) {
  const sync::TimelineEntry& entry = folded.entry;
  Html html;
  html << "<li" << attribute("class", item_class(entry).str()) << "><p>" << heading(folded) << " · "
       << moment(folded.last, now);
  if (folded.count > 1 && entry.kind != "quiet") html << ", first " << moment(folded.first, now);
  html << "</p>";
  if (!entry.who.empty()) html << "<p class=\"soft\">by " << said(entry.who) << "</p>";
  if (!entry.detail.empty()) html << "<p>" << said(entry.detail) << "</p>";
  if (entry.run) html << figures(*entry.run);
  if (entry.kind == "action") html << changes_view(entry.before, entry.after);
  html << "</li>";
  return html;
}

}  // namespace

Html timeline_view(const std::vector<sync::FoldedEntry>& entries, Time now) {
  if (entries.empty()) return "<p class=\"none\">Nothing is known of its past.</p>";
  Html html;
  html << "<ol class=\"timeline\">";
  for (const sync::FoldedEntry& one : entries) html << item(one, now);
  html << "</ol>";
  return html;
}

}  // namespace calsync::api::web
