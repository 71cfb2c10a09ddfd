// SPDX-License-Identifier: Apache-2.0
#include "common/providers/google/google_errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "common/base/json.hpp"
#include "common/net/answer_evidence.hpp"
#include "common/net/plain_words.hpp"

namespace calsync::google {
namespace {

struct Meaning {
  std::string_view reason;
  Failure failure;
  std::string_view advice;  ///< appended to the sentence when a person has to act
  LimitScope limit = LimitScope::account;
};

constexpr std::string_view enable_api =
    "enable the Google Calendar API in the Cloud project that GOOGLE_CLIENT_ID belongs to";
constexpr std::string_view grant_access = "the account has to be connected again with access to its calendars";

// Reasons that decide whatever the status is. 403 and 429 are equivalent for rate limits (Google's error guide).
constexpr std::array meanings{
    Meaning{"rateLimitExceeded", Failure::throttled, ""},
    Meaning{"userRateLimitExceeded", Failure::throttled, ""},
    Meaning{"RATE_LIMIT_EXCEEDED", Failure::throttled, ""},
    Meaning{"RESOURCE_EXHAUSTED", Failure::throttled, ""},
    Meaning{"quotaExceeded", Failure::quota_exhausted, ""},
    Meaning{"dailyLimitExceeded", Failure::quota_exhausted, "check the quota of the Cloud project",
            LimitScope::project},
    Meaning{"accessNotConfigured", Failure::misconfigured, enable_api},
    Meaning{"SERVICE_DISABLED", Failure::misconfigured, enable_api},
    Meaning{"insufficientPermissions", Failure::scope_missing, grant_access},
    Meaning{"ACCESS_TOKEN_SCOPE_INSUFFICIENT", Failure::scope_missing, grant_access},
    Meaning{"fullSyncRequired", Failure::cursor_expired, ""},
    Meaning{"updatedMinTooLongAgo", Failure::cursor_expired, ""},
    Meaning{"deleted", Failure::not_found, ""},
};

std::string first_text(const json::Value* list, std::string_view name) {
  if (!list) return {};
  for (const json::Value& one : list->GetArray()) {
    if (std::string text = json::text_at(one, name); !text.empty()) return text;
  }
  return {};
}

/// Google's reasons are names; anything else might be an echo of what was sent. No reason has a digit, and hardly a
/// secret has none.
std::string name_or_nothing(std::string text) {
  const bool is_name = text.size() <= 60 && std::all_of(text.begin(), text.end(), [](unsigned char c) {
                         return std::isalpha(c) || c == '_' || c == '.';
                       });
  return is_name ? text : std::string();
}

std::string sentence(int status, const ErrorBody& body) {
  if (body.reason.empty() && body.message.empty())
    return fmt::format("Google answered {} with a body that says nothing", status);
  if (body.message.empty()) return fmt::format("Google answered {} {}", status, body.reason);
  if (body.reason.empty()) return fmt::format("Google answered {}: {}", status, body.message);
  return fmt::format("Google answered {} {}: {}", status, body.reason, body.message);
}

const Meaning* meaning_of(const ErrorBody& body) {
  for (const std::string& reason : {body.specific, body.reason}) {
    const auto known =
        std::find_if(meanings.begin(), meanings.end(), [&](const Meaning& one) { return one.reason == reason; });
    if (known != meanings.end()) return &*known;
  }
  return nullptr;
}

/// A garbage sync token may be 400 instead of 410; which words Google uses is not documented, so any mention counts.
bool blames_sync_token(const ErrorBody& body) {
  if (body.location == "syncToken") return true;
  std::string message = body.message;
  std::transform(message.begin(), message.end(), message.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return message.find("sync token") != std::string::npos || message.find("synctoken") != std::string::npos;
}

Failure failure_of_status(int status, const ErrorBody& body, Asked asked) {
  if (status >= 500) return Failure::unavailable;
  switch (status) {
    case 400:
      return blames_sync_token(body) ? Failure::cursor_expired : Failure::rejected;
    case 404:
      return Failure::not_found;
    case 409:
    case 412:
      return Failure::conflict;
    case 410:
      return asked == Asked::incremental ? Failure::cursor_expired : Failure::not_found;
    case 429:
      return Failure::throttled;
    default:
      return Failure::rejected;
  }
}

bool may_wait(Failure failure) {
  return failure == Failure::throttled || failure == Failure::quota_exhausted || failure == Failure::unavailable;
}

}  // namespace

ErrorBody parse_error_body(std::string_view text) {
  const auto parsed = json::parse(text);
  const json::Value* error = parsed ? json::object_at(*parsed, "error") : nullptr;
  if (!error) return {};
  ErrorBody body;
  const json::Value* errors = json::array_at(*error, "errors");
  if (errors && !errors->Empty()) {
    body.reason = json::text_at((*errors)[0], "reason");
    body.location = json::text_at((*errors)[0], "location");
  }
  body.specific = first_text(json::array_at(*error, "details"), "reason");
  if (body.reason.empty()) body.reason = body.specific;
  if (body.reason.empty()) body.reason = json::text_at(*error, "status");
  body.message = json::text_at(*error, "message");
  if (body.message.empty()) body.message = first_text(errors, "message");
  body.reason = name_or_nothing(std::move(body.reason));
  body.message = net::plain_words(body.message, 300);
  return body;
}

namespace {

Error refusal_of(const net::HttpResponse& response, Asked asked, Time now) {
  const ErrorBody body = parse_error_body(response.body);
  const std::string said = sentence(response.status, body);
  if (response.status == 401) return fail(Failure::token_rejected, said);
  const Meaning* known = response.status < 500 ? meaning_of(body) : nullptr;
  const Failure failure = known ? known->failure : failure_of_status(response.status, body, asked);
  const std::string full = known && !known->advice.empty() ? fmt::format("{}; {}", said, known->advice) : said;
  if (!may_wait(failure)) return fail(failure, full);
  Error error = fail(failure, full, response.retry_after(now));
  if (known) error.limit = known->limit;
  return error;
}

}  // namespace

Error api_error(const net::HttpResponse& response, Asked asked, Time now) {
  // Google documents no header that names a request.
  return net::told_by(refusal_of(response, asked, now), response);
}

}  // namespace calsync::google
