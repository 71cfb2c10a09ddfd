// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/async/clock.hpp"
#include "common/base/result.hpp"
#include "common/base/secret.hpp"

namespace calsync::net {

using Header = std::pair<std::string, std::string>;

/// What a request does, as the metrics name it. Made of literals only, so that nothing from outside becomes a label.
class OperationName {
 public:
  consteval OperationName(const char* literal) : text_(literal) {}
  constexpr std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

/// A request as a value. `url` is absolute; `authorization` is kept apart so that it can be neither logged nor followed
/// to another host.
struct HttpRequest {
  std::string method = "GET";
  std::string url{};
  std::vector<Header> headers{};
  Secret authorization{};  ///< the whole header value, for example "Bearer …"; empty = none
  Secret body{};           ///< a form may hold a refresh token, so every body is a Secret
  std::string content_type{};
  std::size_t max_body = 16 * 1024 * 1024;  ///< bytes after decoding; a longer answer is failure malformed
  bool follow_redirects = false;            ///< GET only, at most three, each target checked like the first URL
  OperationName operation = "other";
};

struct HttpResponse {
  int status = 0;
  std::vector<Header> headers{};
  std::string body{};
  std::string url{};  ///< the URL that answered, after redirects

  /// First header of that name (case-insensitive), "" when absent.
  std::string_view header(std::string_view name) const;
  /// When the server says that it answered: `now` when it does not. Clocks of ours may be wrong, and each in its own
  /// way.
  Time answered_at(Time now) const;
  /// What Retry-After asks for. A date is measured against `answered_at`. Nothing = it does not ask, or cannot be
  /// understood.
  std::optional<std::chrono::seconds> retry_after(Time now) const;
};

/// How adapters reach the world. Implementations: beast_transport (the real one) and doubles in tests.
/// Failures: network (refused, reset, DNS, TLS), timeout (the deadline passed), malformed (not HTTP, or too large),
/// misconfigured (the URL is not allowed: plain http, private address). An HTTP error status is a response, not a
/// failure.
class HttpTransport {
 public:
  virtual ~HttpTransport() = default;
  virtual Task<Result<HttpResponse>> send(HttpRequest request, Deadline deadline) = 0;
};

}  // namespace calsync::net
