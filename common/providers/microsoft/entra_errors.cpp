// SPDX-License-Identifier: Apache-2.0
#include "common/providers/microsoft/entra_errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "common/base/json.hpp"
#include "common/net/answer_evidence.hpp"

namespace calsync::microsoft {
namespace {

struct Meaning {
  std::int64_t number;
  Failure failure;
  std::string_view advice;
};

constexpr std::string_view again = "the account has to be connected again";
constexpr std::string_view admins_turn =
    "an administrator of the account's organisation has to let this application in";
constexpr std::string_view secret = "renew the client secret: check MICROSOFT_CLIENT_SECRET";
constexpr std::string_view registration = "check the application's registration and the configured tenant";
constexpr std::string_view request = "check the configured scopes, redirect URI and endpoints";
constexpr std::string_view later = "it is asked again later";

// Reference: Microsoft's list of AADSTS codes. Numbers may change, so what is not here is judged by its OAuth error.
constexpr std::array meanings{
    // A person's turn.
    Meaning{16000, Failure::grant_dead, again},
    Meaning{50020, Failure::grant_dead, again},
    Meaning{50034, Failure::grant_dead, again},
    Meaning{50057, Failure::grant_dead, "the account is disabled"},
    Meaning{50074, Failure::grant_dead, again},
    Meaning{50076, Failure::grant_dead, again},
    Meaning{50078, Failure::grant_dead, again},
    Meaning{50079, Failure::grant_dead, again},
    Meaning{50105, Failure::grant_dead, admins_turn},
    Meaning{50126, Failure::grant_dead, again},
    Meaning{50173, Failure::grant_dead, again},
    Meaning{53000, Failure::grant_dead, admins_turn},
    Meaning{53001, Failure::grant_dead, admins_turn},
    Meaning{53002, Failure::grant_dead, admins_turn},
    Meaning{53003, Failure::grant_dead, admins_turn},
    Meaning{53004, Failure::grant_dead, again},
    Meaning{54005, Failure::grant_dead, again},
    Meaning{65001, Failure::scope_missing, "not every permission is granted; connect again and accept all of them"},
    Meaning{65004, Failure::grant_dead, again},
    Meaning{70000, Failure::grant_dead, again},
    Meaning{70008, Failure::grant_dead, again},
    Meaning{70043, Failure::grant_dead, again},
    Meaning{70044, Failure::grant_dead, again},
    Meaning{700082, Failure::grant_dead, again},
    Meaning{90072, Failure::grant_dead, again},
    Meaning{90094, Failure::grant_dead, admins_turn},
    Meaning{90095, Failure::grant_dead, admins_turn},
    // The operator's.
    Meaning{28000, Failure::misconfigured, request},
    Meaning{28002, Failure::misconfigured, request},
    Meaning{28003, Failure::misconfigured, request},
    Meaning{50011, Failure::misconfigured, "register the redirect URI with the application, byte for byte"},
    Meaning{50194, Failure::misconfigured, registration},
    Meaning{650056, Failure::misconfigured, registration},
    Meaning{70001, Failure::misconfigured, registration},
    Meaning{70002, Failure::misconfigured, secret},
    Meaning{70011, Failure::misconfigured, request},
    Meaning{700011, Failure::misconfigured, registration},
    Meaning{700016, Failure::misconfigured, registration},
    Meaning{700084, Failure::misconfigured, "register the redirect URI as one of a web application, not of a page"},
    Meaning{7000215, Failure::misconfigured, secret},
    Meaning{7000222, Failure::misconfigured, secret},
    Meaning{90002, Failure::misconfigured, registration},
    Meaning{90014, Failure::misconfigured, request},
    Meaning{900144, Failure::misconfigured, request},
    Meaning{9001023, Failure::misconfigured, registration},
    Meaning{9002313, Failure::misconfigured, request},
    Meaning{9002332, Failure::misconfigured, registration},
    // Entra's.
    Meaning{50196, Failure::throttled, later},
    Meaning{90006, Failure::unavailable, later},
    Meaning{90024, Failure::unavailable, later},
    Meaning{90033, Failure::unavailable, later},
    Meaning{90055, Failure::throttled, later},
};

/// The words by which Microsoft's own client libraries know that a person has to sign in.
constexpr std::array interaction{"interaction_required", "consent_required",  "login_required", "bad_token",
                                 "message_only",         "additional_action", "basic_action",   "user_password_expired",
                                 "ui_not_allowed",       "interrupted_user"};

bool wants_a_person(const json::Value& body) {
  return std::any_of(interaction.begin(), interaction.end(), [&](const char* word) {
    return json::text_at(body, "error") == word || json::text_at(body, "suberror") == word;
  });
}

/// error_codes, or the number that the description begins with.
std::optional<std::int64_t> number_of(const json::Value& body) {
  if (const json::Value* codes = json::array_at(body, "error_codes")) {
    for (const json::Value& one : codes->GetArray()) {
      if (one.IsInt64()) return one.GetInt64();
    }
  }
  const std::string said = json::text_at(body, "error_description");
  constexpr std::string_view prefix = "AADSTS";
  if (!said.starts_with(prefix)) return std::nullopt;
  std::int64_t number = 0;
  for (std::size_t at = prefix.size(); at < said.size() && at < prefix.size() + 9; ++at) {
    if (said[at] < '0' || said[at] > '9') break;
    number = number * 10 + (said[at] - '0');
  }
  return number;
}

Error explained(int status, std::int64_t number, const Meaning& known,
                std::optional<std::chrono::seconds> retry_after) {
  const char* dead = known.failure == Failure::grant_dead ? "token expired or revoked: " : "";
  return fail(
      known.failure, fmt::format("{}the token endpoint answered {} AADSTS{}; {}", dead, status, number, known.advice),
      known.failure == Failure::throttled || known.failure == Failure::unavailable ? retry_after : std::nullopt);
}

/// Entra's trace id, by which Microsoft's support finds a request; else that of the exchange it belongs to.
std::string trace_of(const net::HttpResponse& response) {
  const auto body = json::parse(response.body);
  if (body && body->IsObject()) {
    for (const char* name : {"trace_id", "correlation_id"}) {
      if (std::string trace = net::request_name(json::text_at(*body, name)); !trace.empty()) return trace;
    }
  }
  return net::request_name(response.header("x-ms-request-id"));
}

Result<net::TokenGrant> tokens_of(const net::HttpResponse& response, Time now) {
  Result<net::TokenGrant> grant = net::parse_token_response(response, now);
  // 429 and 5xx mean the same whatever their body says.
  if (grant || response.status < 400 || response.status == 429 || response.status >= 500) return grant;
  const auto body = json::parse(response.body);
  if (!body || !body->IsObject()) return grant;
  const auto number = number_of(*body);
  const auto known = std::find_if(meanings.begin(), meanings.end(),
                                  [&](const Meaning& one) { return number && one.number == *number; });
  // A client that is refused has no grant to speak of.
  const bool operators =
      grant.error().failure == Failure::misconfigured && json::text_at(*body, "error") == "invalid_client";
  if (known != meanings.end() && (!operators || known->failure != Failure::grant_dead))
    return explained(response.status, *number, *known, response.retry_after(now));
  if (wants_a_person(*body) && grant.error().failure != Failure::misconfigured) {
    return fail(Failure::grant_dead,
                fmt::format("token expired or revoked: the token endpoint answered {}{}; {}", response.status,
                            number ? fmt::format(" AADSTS{}", *number) : "", again));
  }
  return grant;
}

}  // namespace

Result<net::TokenGrant> parse_entra_tokens(const net::HttpResponse& response, Time now) {
  Result<net::TokenGrant> grant = tokens_of(response, now);
  if (grant) return grant;
  Error error = grant.error();
  error.status = response.status;
  error.request_id = trace_of(response);
  return error;
}

}  // namespace calsync::microsoft
