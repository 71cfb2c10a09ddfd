// SPDX-License-Identifier: Apache-2.0
#include "api-server/web/connection_filter.hpp"

#include <algorithm>
#include <array>

#include "api-server/web/page.hpp"

namespace calsync::api::web {
namespace {

constexpr std::size_t longest_search = 200;
constexpr std::array<std::string_view, 7> states{"active",    "delayed",      "throttled", "provider_down",
                                                 "suspended", "needs_reauth", "disabled"};
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> marks{{{"due", "due now"},
                                                                              {"leased", "syncing now"},
                                                                              {"backing_off", "backing off"},
                                                                              {"failing", "failing"},
                                                                              {"channel_dead", "with a dead channel"}}};

std::vector<Option> state_options() {
  std::vector<Option> options{{"", "any"}};
  for (const std::string_view one : states) options.push_back({std::string(one), std::string(one)});
  return options;
}

std::vector<Option> mark_options() {
  std::vector<Option> options{{"", "all"}};
  for (const auto& [name, label] : marks) options.push_back({std::string(name), std::string(label)});
  return options;
}

std::optional<std::string> given(const std::string& value) {
  return value.empty() ? std::nullopt : std::optional(value);
}

}  // namespace

const std::set<std::string>& FilterInput::names() {
  static const std::set<std::string> all{"q", "state", "provider", "error_code", "provider_id", "only"};
  return all;
}

FilterInput FilterInput::read(const std::function<std::string(const std::string& name)>& value_of) {
  return {value_of("q"),          value_of("state"),       value_of("provider"),
          value_of("error_code"), value_of("provider_id"), value_of("only")};
}

Result<store::ConnectionFilter> FilterInput::checked() const {
  store::ConnectionFilter filter;
  if (q.size() > longest_search) return fail(Failure::invalid_input, "The search is longer than 200 bytes.");
  if (!state.empty() && std::find(states.begin(), states.end(), state) == states.end())
    return fail(Failure::invalid_input, "There is no such state.");
  if (!provider_id.empty()) {
    filter.owner = OwnerId::parse(provider_id);
    if (!filter.owner) return fail(Failure::invalid_input, "The owner must be a UUID.");
  }
  filter.search = given(q);
  filter.state = given(state);
  filter.provider = given(provider);
  filter.error_code = given(error_code);
  if (only == "due") filter.due = true;
  if (only == "leased") filter.leased = true;
  if (only == "backing_off") filter.backing_off = true;
  if (only == "failing") filter.failing = true;
  if (only == "channel_dead") filter.channel_dead = true;
  const bool known =
      only.empty() || std::any_of(marks.begin(), marks.end(), [&](const auto& one) { return one.first == only; });
  if (!known) return fail(Failure::invalid_input, "There is no such condition.");
  return filter;
}

bool FilterInput::empty() const {
  return q.empty() && state.empty() && provider.empty() && error_code.empty() && provider_id.empty() && only.empty();
}

Path FilterInput::in_address(Path path) const {
  return path.with("q", q)
      .with("state", state)
      .with("provider", provider)
      .with("error_code", error_code)
      .with("provider_id", provider_id)
      .with("only", only);
}

Html FilterInput::in_form() const {
  Html html;
  html << hidden("q", q) << hidden("state", state) << hidden("provider", provider) << hidden("error_code", error_code)
       << hidden("provider_id", provider_id) << hidden("only", only);
  return html;
}

Html FilterInput::fields() const {
  Html html;
  html << text_field("Search (address, id, error)", "q", q, longest_search)
       << choice("State", "state", state_options(), state)
       << choice("Provider", "provider",
                 {{"", "any"}, {"google", "google"}, {"microsoft", "microsoft"}, {"ics", "ics"}}, provider)
       << text_field("Error code", "error_code", error_code, 60)
       << text_field("Owner (provider_id)", "provider_id", provider_id, 36)
       << choice("Only those", "only", mark_options(), only);
  return html;
}

Html FilterInput::in_words() const {
  if (empty()) return "all connections";
  Html html;
  const auto say = [&html](Literal name, const std::string& value) {
    if (!value.empty()) html << (html.empty() ? Html() : Html(", ")) << name << " " << said(value);
  };
  say("that match", q);
  say("in the state", state);
  say("of the provider", provider);
  say("with the error", error_code);
  say("of the owner", provider_id);
  say("only those", only);
  return html;
}

Html state_tag(const std::string& state) {
  const bool bad = state == "needs_reauth" || state == "suspended";
  const bool calm = state == "disabled" || state.empty();
  Html html;
  html << (state == "active" ? Html("<span class=\"tag good\">")
           : bad             ? Html("<span class=\"tag bad\">")
           : calm            ? Html("<span class=\"tag\">")
                             : Html("<span class=\"tag warn\">"))
       << text(state) << "</span>";
  return html;
}

}  // namespace calsync::api::web
