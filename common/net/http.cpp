// SPDX-License-Identifier: Apache-2.0
#include "common/net/http.hpp"

#include <algorithm>
#include <cctype>

namespace calsync::net {
namespace {

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

}  // namespace

std::string_view HttpResponse::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (same_name(key, name)) return value;
  }
  return {};
}

Time HttpResponse::answered_at(Time now) const { return parse_http_date(header("date")).value_or(now); }

std::optional<std::chrono::seconds> HttpResponse::retry_after(Time now) const {
  return parse_retry_after(header("retry-after"), answered_at(now));
}

}  // namespace calsync::net
