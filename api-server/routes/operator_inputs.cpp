// SPDX-License-Identifier: Apache-2.0
#include "api-server/routes/operator_inputs.hpp"

#include <algorithm>
#include <array>

#include "common/base/crypto.hpp"
#include "common/base/repeatable.hpp"

namespace calsync::api {
namespace {

constexpr std::int64_t shortest_reason = 3;
constexpr std::int64_t longest_reason = 500;
constexpr std::size_t longest_part = 200;

Error invalid(std::string message) { return fail(Failure::invalid_input, std::move(message)); }

/// Of UTF-8: every byte that does not go on with a character begins one.
std::int64_t characters(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

constexpr std::array<sync::ConnectionState, 7> states{
    sync::ConnectionState::disabled,  sync::ConnectionState::needs_reauth, sync::ConnectionState::delayed,
    sync::ConnectionState::suspended, sync::ConnectionState::throttled,    sync::ConnectionState::provider_down,
    sync::ConnectionState::active};

/// Reads a filter from whatever gives texts and flags by their names.
template <class Source>
Result<store::ConnectionFilter> read_from(const Source& source) {
  store::ConnectionFilter filter;
  const std::array<std::pair<const char*, std::optional<std::string>*>, 5> texts{{{"state", &filter.state},
                                                                                  {"provider", &filter.provider},
                                                                                  {"email", &filter.email},
                                                                                  {"error_code", &filter.error_code},
                                                                                  {"q", &filter.search}}};
  for (const auto& [name, target] : texts) {
    auto value = source.text(name);
    if (!value) return value.error();
    if (*value && ((*value)->empty() || (*value)->size() > longest_part))
      return invalid(std::string(name) + " must have 1 to 200 bytes");
    *target = *std::move(value);
  }
  const std::array<std::pair<const char*, std::optional<bool>*>, 5> flags{{{"due", &filter.due},
                                                                           {"leased", &filter.leased},
                                                                           {"backing_off", &filter.backing_off},
                                                                           {"failing", &filter.failing},
                                                                           {"channel_dead", &filter.channel_dead}}};
  for (const auto& [name, target] : flags) {
    const auto value = source.flag(name);
    if (!value) return value.error();
    *target = *value;
  }
  const auto owner = source.template id<OwnerId>("provider_id");
  const auto connection = source.template id<ConnectionId>("connection_id");
  if (!owner) return owner.error();
  if (!connection) return connection.error();
  filter.owner = *owner;
  filter.connection = *connection;
  if (filter.state && std::none_of(states.begin(), states.end(),
                                   [&](sync::ConnectionState one) { return sync::state_name(one) == *filter.state; }))
    return invalid("state must be one of the states of docs/states.md");
  return filter;
}

/// A query, whose flags are the texts true and false.
struct QuerySource {
  const QueryInput& query;
  Result<std::optional<std::string>> text(const char* name) const { return query.text(name); }
  Result<std::optional<bool>> flag(const char* name) const {
    const auto value = query.text(name);
    if (!value) return std::optional<bool>();
    if (*value != "true" && *value != "false") return invalid(std::string(name) + " must be true or false");
    return std::optional(*value == "true");
  }
  template <class Id>
  Result<std::optional<Id>> id(const char* name) const {
    return query.id<Id>(name);
  }
};

}  // namespace

store::Author author_of(const Request& request, std::string reason) {
  const bool admin = request.caller->kind == CallerKind::admin;
  return {request.caller->name, admin ? "admin" : "app", {}, std::move(reason)};
}

Result<std::string> parse_reason(const std::optional<std::string>& given, bool optional) {
  if (!given && optional) return std::string();
  std::string reason = given.value_or("");
  reason.erase(0, std::min(reason.find_first_not_of(' '), reason.size()));
  reason.erase(reason.find_last_not_of(' ') + 1);
  const std::int64_t length = characters(reason);
  if (length < shortest_reason || length > longest_reason || has_control(reason))
    return invalid("reason must say in 3 to 500 characters, on one line, why this is done");
  return reason;
}

Result<ActionInput> read_action_input(const BodyInput& body, store::OperatorAction action) {
  const auto preview = body.flag("preview");
  if (!preview) return preview.error();
  const auto given = body.text("reason");
  if (!given) return given.error();
  const auto minutes = body.integer("minutes", 1, longest_backoff_minutes);
  if (!minutes) return minutes.error();
  if (*minutes && action != store::OperatorAction::backoff) return invalid("minutes belongs to backoff");
  ActionInput input;
  input.preview = preview->value_or(false);
  input.minutes = static_cast<int>(minutes->value_or(default_backoff_minutes));
  auto reason = parse_reason(*given, input.preview);
  if (!reason) return reason.error();
  input.reason = *std::move(reason);
  return input;
}

const std::set<std::string>& filter_names() {
  static const std::set<std::string> names{"state",  "provider",    "provider_id", "connection_id",
                                           "email",  "q",           "error_code",  "due",
                                           "leased", "backing_off", "failing",     "channel_dead"};
  return names;
}

Result<store::ConnectionFilter> read_filter(const QueryInput& query) { return read_from(QuerySource{query}); }

Result<store::ConnectionFilter> parse_filter(const json::Value& object) {
  if (!object.IsObject()) return invalid("filter must be an object");
  std::set<std::string> seen;
  for (const auto& one : object.GetObject()) {
    const std::string name(one.name.GetString(), one.name.GetStringLength());
    if (!filter_names().contains(name)) return invalid("unknown field " + unknown_name(name, filter_names()));
    if (!seen.insert(name).second) return invalid("the field \"" + name + "\" is given twice");
  }
  json::Document copy;
  copy.CopyFrom(object, copy.GetAllocator());
  return read_from(BodyInput(std::move(copy)));
}

std::string id_page_token(const std::string& id) { return base64url(id); }

Result<std::optional<std::string>> parse_id_page_token(const std::optional<std::string>& token) {
  if (!token) return std::optional<std::string>();
  const auto text = decode_base64(*token);
  const auto id = text ? canonical_uuid(*text) : std::nullopt;
  if (!id) return invalid("page_token is not one that this server gave out");
  return id;
}

}  // namespace calsync::api
