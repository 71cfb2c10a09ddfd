// SPDX-License-Identifier: Apache-2.0
#include "common/http/http_answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/beast/http/status.hpp>
#include <stdexcept>

#include "common/http/http_syntax.hpp"

namespace calsync::http {
namespace {

constexpr std::array<std::string_view, 6> ours{"content-type", "content-length", "connection",
                                               "date",         "server",         "transfer-encoding"};
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> defaults{
    {{"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}, {"Referrer-Policy", "no-referrer"}}};

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

/// Without control characters, so without CR and LF: a value taken from a request cannot begin a header of its own.
bool is_value(std::string_view text) { return std::none_of(text.begin(), text.end(), is_control); }

bool is_ours(std::string_view name) {
  return std::any_of(ours.begin(), ours.end(), [&](std::string_view one) { return same_name(one, name); });
}

bool has(const std::vector<Header>& headers, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(), [&](const Header& one) { return same_name(one.first, name); });
}

std::string_view reason(int status) {
  const boost::beast::string_view phrase =
      boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(status));
  return {phrase.data(), phrase.size()};
}

void put(std::string& head, std::string_view name, std::string_view value) {
  head.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

std::string http_date(Time time) {
  constexpr std::array<std::string_view, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto midnight = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(midnight);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - midnight));
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", days[std::chrono::weekday(midnight).c_encoding()],
                     static_cast<unsigned>(date.day()), months[static_cast<unsigned>(date.month()) - 1],
                     static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(),
                     clock.seconds().count());
}

bool may_have_body(int status) { return status >= 200 && status != 204 && status != 304; }

void check_answer(const Response& response) {
  if (response.status < 200 || response.status > 599) throw std::logic_error("a handler answered without a status");
  if (!is_value(response.content_type)) throw std::logic_error("a handler's content type has control characters");
  for (const auto& [name, value] : response.headers) {
    if (!is_token(name) || is_ours(name) || !is_value(value)) {
      throw std::logic_error("a handler gave a header that would break the answer: " + name);
    }
  }
}

std::string answer_head(const Response& response, bool keep_alive, Time now) {
  std::string head;
  head.reserve(512);
  head.append(fmt::format("HTTP/1.1 {} {}\r\n", response.status, reason(response.status)));
  put(head, "Date", http_date(now));
  put(head, "Server", "calsync");
  if (may_have_body(response.status)) {
    if (!response.body.empty()) put(head, "Content-Type", response.content_type);
    put(head, "Content-Length", std::to_string(response.body.size()));
  }
  for (const auto& [name, value] : defaults) {
    if (!has(response.headers, name)) put(head, name, value);
  }
  for (const auto& [name, value] : response.headers) put(head, name, value);
  if (!keep_alive) put(head, "Connection", "close");
  return head.append("\r\n");
}

}  // namespace calsync::http
