// SPDX-License-Identifier: Apache-2.0
#include "common/base/config.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include "common/base/repeatable.hpp"

namespace calsync {
namespace {

using Texts = std::vector<std::string>;
/// Stores a key's text, or says what was expected.
using Setter = std::function<std::string(Settings&, const Texts&)>;

template <class Member>
Setter number(Member member, int low, int high) {
  return [member, low, high](Settings& settings, const Texts& texts) -> std::string {
    int value = 0;
    const std::string text = texts.size() == 1 ? texts[0] : std::string();
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < low || value > high) {
      return fmt::format("a whole number from {} to {}", low, high);
    }
    member(settings) = value;
    return {};
  };
}

template <class Member>
Setter text(Member member) {
  return [member](Settings& settings, const Texts& texts) -> std::string {
    if (texts.size() != 1) return "one text";
    member(settings) = texts[0];
    return {};
  };
}

template <class Member>
Setter list(Member member) {
  return [member](Settings& settings, const Texts& texts) -> std::string {
    member(settings) = texts;
    return {};
  };
}

template <class Member>
Setter flag(Member member) {
  return [member](Settings& settings, const Texts& texts) -> std::string {
    if (texts != Texts{"true"} && texts != Texts{"false"}) return "true or false";
    member(settings) = texts[0] == "true";
    return {};
  };
}

std::string set_level(Settings& settings, const Texts& texts) {
  const auto level = texts.size() == 1 ? parse_level(texts[0]) : std::nullopt;
  if (!level) return "debug, info, warn or error";
  settings.log_level = *level;
  return {};
}

#define CALSYNC_AT(path) [](Settings& s) -> auto& { return s.path; }

const std::map<std::string, Setter>& known_keys() {
  constexpr int many = 1'000'000;
  static const std::map<std::string, Setter> keys{
      {"server.host", text(CALSYNC_AT(server.host))},
      {"server.port", number(CALSYNC_AT(server.port), 0, 65535)},
      {"server.public_url", text(CALSYNC_AT(server.public_url))},
      {"server.max_connections", number(CALSYNC_AT(server.max_connections), 1, many)},
      {"server.drain_seconds", number(CALSYNC_AT(server.drain_seconds), 1, 300)},
      {"server.metrics_public", flag(CALSYNC_AT(server.metrics_public))},
      {"oauth.require_confirmation", flag(CALSYNC_AT(oauth.require_confirmation))},
      {"oauth.return_to", list(CALSYNC_AT(oauth.return_to))},
      {"oauth.link_seconds", number(CALSYNC_AT(oauth.link_seconds), 30, 600)},
      {"providers.google.endpoints.authorize", text(CALSYNC_AT(google.authorize))},
      {"providers.google.endpoints.token", text(CALSYNC_AT(google.token))},
      {"providers.google.endpoints.revoke", text(CALSYNC_AT(google.revoke))},
      {"providers.google.endpoints.userinfo", text(CALSYNC_AT(google.userinfo))},
      {"providers.google.endpoints.api", text(CALSYNC_AT(google.api))},
      {"providers.google.scopes", list(CALSYNC_AT(google.scopes))},
      {"providers.google.quotas.project_per_minute",
       number(CALSYNC_AT(google.quotas.project_per_minute), 0, 100 * many)},
      {"providers.google.quotas.account_per_minute",
       number(CALSYNC_AT(google.quotas.account_per_minute), 0, 100 * many)},
      {"providers.google.quotas.account_concurrency",
       number(CALSYNC_AT(google.quotas.account_concurrency), 0, 100 * many)},
      {"providers.google.quotas.full_reads", number(CALSYNC_AT(google.quotas.full_reads), 0, 100 * many)},
      {"providers.microsoft.tenant", text(CALSYNC_AT(microsoft.tenant))},
      {"providers.microsoft.prompt", text(CALSYNC_AT(microsoft.prompt))},
      {"providers.microsoft.endpoints.authorize", text(CALSYNC_AT(microsoft.authorize))},
      {"providers.microsoft.endpoints.token", text(CALSYNC_AT(microsoft.token))},
      {"providers.microsoft.endpoints.api", text(CALSYNC_AT(microsoft.api))},
      {"providers.microsoft.scopes", list(CALSYNC_AT(microsoft.scopes))},
      {"providers.microsoft.window.past_days", number(CALSYNC_AT(microsoft.past_days), 2, 3650)},
      {"providers.microsoft.window.future_days", number(CALSYNC_AT(microsoft.future_days), 2, 3650)},
      {"providers.microsoft.window.hours", number(CALSYNC_AT(microsoft.window_hours), 1, 24 * 31)},
      {"providers.microsoft.quotas.project_per_minute",
       number(CALSYNC_AT(microsoft.quotas.project_per_minute), 0, 100 * many)},
      {"providers.microsoft.quotas.account_per_minute",
       number(CALSYNC_AT(microsoft.quotas.account_per_minute), 0, 100 * many)},
      {"providers.microsoft.quotas.account_concurrency",
       number(CALSYNC_AT(microsoft.quotas.account_concurrency), 0, 100 * many)},
      {"providers.microsoft.quotas.full_reads", number(CALSYNC_AT(microsoft.quotas.full_reads), 0, 100 * many)},
      {"providers.ics.quotas.account_per_minute", number(CALSYNC_AT(ics.quotas.account_per_minute), 0, 100 * many)},
      {"providers.ics.quotas.host_per_minute", number(CALSYNC_AT(ics.quotas.host_per_minute), 0, 100 * many)},
      {"providers.ics.quotas.full_reads", number(CALSYNC_AT(ics.quotas.full_reads), 0, 100 * many)},
      {"providers.ics.max_bytes", number(CALSYNC_AT(ics.max_bytes), 1024, 256 * 1024 * 1024)},
      {"worker.concurrency", number(CALSYNC_AT(worker.concurrency), 1, 10000)},
      {"worker.per_owner", number(CALSYNC_AT(worker.per_owner), 1, 10000)},
      {"worker.lease_seconds", number(CALSYNC_AT(worker.lease_seconds), 5, 3600)},
      {"worker.poll_milliseconds", number(CALSYNC_AT(worker.poll_milliseconds), 10, 60000)},
      {"worker.heartbeat_milliseconds", number(CALSYNC_AT(worker.heartbeat_milliseconds), 100, 10000)},
      {"worker.upkeep_milliseconds", number(CALSYNC_AT(worker.upkeep_milliseconds), 100, 60000)},
      {"worker.checkpoint_rows", number(CALSYNC_AT(worker.checkpoint_rows), 1, 100000)},
      {"worker.request_seconds", number(CALSYNC_AT(worker.request_seconds), 1, 600)},
      {"worker.run_seconds", number(CALSYNC_AT(worker.run_seconds), 1, 3600)},
      {"worker.drain_seconds", number(CALSYNC_AT(worker.drain_seconds), 1, 300)},
      {"worker.metrics_host", text(CALSYNC_AT(worker.metrics_host))},
      {"worker.metrics_port", number(CALSYNC_AT(worker.metrics_port), 0, 65535)},
      {"push.open_channels", flag(CALSYNC_AT(push.open_channels))},
      {"push.public_url", text(CALSYNC_AT(push.public_url))},
      {"push.channel_seconds", number(CALSYNC_AT(push.channel_seconds), 10, 30 * 24 * 3600)},
      {"push.patience_seconds", number(CALSYNC_AT(push.patience_seconds), 1, 3600)},
      {"database.pool_size", number(CALSYNC_AT(database.pool_size), 1, 500)},
      {"retention.tombstone_days", number(CALSYNC_AT(retention.tombstone_days), 1, 36500)},
      {"retention.run_days", number(CALSYNC_AT(retention.run_days), 1, 36500)},
      {"allow_insecure_endpoints", flag(CALSYNC_AT(allow_insecure_endpoints))},
      {"allow_private_addresses", flag(CALSYNC_AT(allow_private_addresses))},
      {"ca_file", text(CALSYNC_AT(ca_file))},
      {"log.level", set_level},
  };
  return keys;
}

#undef CALSYNC_AT

std::string nearest_key(const std::string& unknown) {
  std::string best;
  std::size_t least = std::numeric_limits<std::size_t>::max();
  for (const auto& [key, setter] : known_keys()) {
    const std::size_t here = edit_distance(unknown, key);
    if (here < least) {
      least = here;
      best = key;
    }
  }
  return best;
}

Error misconfigured(std::string message) { return fail(Failure::misconfigured, std::move(message)); }

Result<void> apply(Settings& settings, const std::string& where, const std::string& key, const Texts& texts) {
  const auto found = known_keys().find(key);
  if (found == known_keys().end()) {
    const std::string nearest = nearest_key(key);
    const std::string shown = resembles(key, nearest) ? " '" + key + "'" : "";
    return misconfigured(fmt::format("{}: unknown key{}; did you mean '{}'?", where, shown, nearest));
  }
  const std::string expected = found->second(settings, texts);
  if (!expected.empty()) return misconfigured(fmt::format("{}: '{}' must be {}", where, key, expected));
  return {};
}

bool is_section(const std::string& key) {
  return std::any_of(known_keys().begin(), known_keys().end(),
                     [&](const auto& known) { return known.first.starts_with(key + "."); });
}

Result<void> apply_yaml(Settings& settings, const std::string& file, const YAML::Node& node,
                        const std::string& prefix) {
  for (const auto& entry : node) {
    const std::string key = (prefix.empty() ? "" : prefix + ".") + entry.first.as<std::string>();
    const YAML::Node& value = entry.second;
    const std::string place = fmt::format("{}: line {}", file, entry.first.Mark().line + 1);
    if (value.IsMap()) {
      // A misspelt section is named by the keys in it; an empty one has none.
      if (value.size() == 0 && !is_section(key)) return apply(settings, place, key, {});
      if (auto nested = apply_yaml(settings, file, value, key); !nested) return nested;
      continue;
    }
    Texts texts;
    if (value.IsSequence()) {
      for (const YAML::Node& item : value) texts.push_back(item.as<std::string>());
    } else if (value.IsScalar()) {
      texts.push_back(value.as<std::string>());
    }
    if (auto applied = apply(settings, place, key, texts); !applied) return applied;
  }
  return {};
}

Result<void> load_yaml(Settings& settings, const std::string& path, const FileReader& read_file) {
  const auto content = read_file(path);
  if (!content) return misconfigured(content.error().message);
  try {
    const YAML::Node root = YAML::Load(*content);
    if (root.IsNull()) return {};
    if (!root.IsMap()) return misconfigured(path + ": expected keys and values");
    return apply_yaml(settings, path, root, "");
  } catch (const YAML::Exception& error) {
    // What follows a colon is quoted from the file.
    return misconfigured(
        fmt::format("{}: line {}: {}", path, error.mark.line + 1, error.msg.substr(0, error.msg.find(':'))));
  }
}

/// "server.port" is overridden by CALSYNC_SERVER_PORT; lists are written with commas.
std::string variable_of(const std::string& key) {
  std::string name = "CALSYNC_" + key;
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(c == '.' ? '_' : std::toupper(c)); });
  return name;
}

Texts split_commas(const std::string& text) {
  Texts parts;
  std::size_t at = 0;
  while (at <= text.size()) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    if (comma > at) parts.push_back(text.substr(at, comma - at));
    at = comma + 1;
  }
  return parts;
}

Result<void> apply_environment(Settings& settings, const Environment& environment) {
  for (const auto& [key, setter] : known_keys()) {
    const std::string name = variable_of(key);
    const auto found = environment.find(name);
    if (found == environment.end()) continue;
    const bool is_list = key.ends_with("return_to") || key.ends_with("scopes");
    const Texts texts = is_list ? split_commas(found->second) : Texts{found->second};
    if (auto applied = apply(settings, name, key, texts); !applied) return applied;
  }
  return {};
}

std::string trimmed(std::string text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.pop_back();
  return text;
}

/// NAME, or the content of the file that NAME_FILE names (systemd credentials).
Result<std::string> secret_text(const std::string& name, const Environment& environment, const FileReader& read_file) {
  const auto direct = environment.find(name);
  const auto file = environment.find(name + "_FILE");
  if (direct != environment.end() && !direct->second.empty()) return direct->second;
  if (file == environment.end() || file->second.empty()) return std::string();
  auto content = read_file(file->second);
  // The secret itself may stand there by mistake.
  const bool is_path = file->second.starts_with('/') && file->second.find(':') == std::string::npos;
  const std::string reason =
      is_path ? content.error().message : "it must be the absolute path of a file that can be read";
  if (!content) return misconfigured(name + "_FILE: " + reason);
  return trimmed(std::move(*content));
}

Result<void> load_secrets(Settings& settings, const Environment& environment, const FileReader& read_file) {
  const std::pair<const char*, Secret*> secrets[] = {{"DATABASE_URL", &settings.database_url},
                                                     {"CALENDAR_TOKEN_KEYS", &settings.token_keys},
                                                     {"CALENDAR_APP_TOKENS", &settings.app_tokens},
                                                     {"CALENDAR_ADMIN_TOKENS", &settings.admin_tokens},
                                                     {"GOOGLE_CLIENT_SECRET", &settings.google.client_secret},
                                                     {"MICROSOFT_CLIENT_SECRET", &settings.microsoft.client_secret}};
  for (const auto& [name, target] : secrets) {
    auto value = secret_text(name, environment, read_file);
    if (!value) return value.error();
    *target = Secret(std::move(*value));
  }
  for (const auto& [name, target] : {std::pair{"GOOGLE_CLIENT_ID", &settings.google.client_id},
                                     std::pair{"GOOGLE_REDIRECT_URI", &settings.google.redirect_uri},
                                     std::pair{"MICROSOFT_CLIENT_ID", &settings.microsoft.client_id},
                                     std::pair{"MICROSOFT_REDIRECT_URI", &settings.microsoft.redirect_uri},
                                     std::pair{"MICROSOFT_TENANT", &settings.microsoft.tenant}}) {
    auto value = secret_text(name, environment, read_file);
    if (!value) return value.error();
    if (!value->empty()) *target = std::move(*value);
  }
  return {};
}

}  // namespace

Result<void> check_settings(const Settings& settings) {
  const std::pair<const char*, const std::string*> urls[] = {
      {"providers.google.endpoints.authorize", &settings.google.authorize},
      {"providers.google.endpoints.token", &settings.google.token},
      {"providers.google.endpoints.revoke", &settings.google.revoke},
      {"providers.google.endpoints.userinfo", &settings.google.userinfo},
      {"providers.google.endpoints.api", &settings.google.api},
      {"providers.microsoft.endpoints.authorize", &settings.microsoft.authorize},
      {"providers.microsoft.endpoints.token", &settings.microsoft.token},
      {"providers.microsoft.endpoints.api", &settings.microsoft.api}};
  for (const auto& [key, url] : urls) {
    const bool secure = url->starts_with("https://");
    if (!secure && !url->starts_with("http://")) return misconfigured(fmt::format("'{}' must be an http(s) URL", key));
    if (!secure && !settings.allow_insecure_endpoints) {
      return misconfigured(fmt::format("'{}' is plain http; set allow_insecure_endpoints to permit that", key));
    }
  }
  const auto& prompts = {"", "login", "none", "consent", "select_account"};
  if (std::find(prompts.begin(), prompts.end(), settings.microsoft.prompt) == prompts.end())
    return misconfigured("'providers.microsoft.prompt' must be login, none, consent, select_account or empty");
  const std::string& push = settings.push.public_url;
  if (!push.empty() && !push.starts_with("https://") && !push.starts_with("http://"))
    return misconfigured("'push.public_url' must be an http(s) URL");
  return {};
}

Result<Settings> load_settings(const std::string& yaml_path, const Environment& environment,
                               const FileReader& read_file) {
  Settings settings;
  if (!yaml_path.empty()) {
    if (auto loaded = load_yaml(settings, yaml_path, read_file); !loaded) return loaded.error();
  }
  if (auto applied = apply_environment(settings, environment); !applied) return applied.error();
  if (auto loaded = load_secrets(settings, environment, read_file); !loaded) return loaded.error();
  if (settings.server.public_url.empty()) {
    settings.server.public_url = fmt::format("http://{}:{}", settings.server.host, settings.server.port);
  }
  while (settings.server.public_url.ends_with('/')) settings.server.public_url.pop_back();
  if (settings.push.public_url.empty()) settings.push.public_url = settings.server.public_url;
  while (settings.push.public_url.ends_with('/')) settings.push.public_url.pop_back();
  if (auto checked = check_settings(settings); !checked) return checked.error();
  return settings;
}

}  // namespace calsync
