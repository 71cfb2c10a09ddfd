// SPDX-License-Identifier: Apache-2.0
#include "common/net/response_reader.hpp"

#include <algorithm>
#include <cctype>

#include "common/net/gzip.hpp"
#include "common/net/response_head.hpp"

namespace calsync::net {
namespace {

constexpr int max_interim = 8;
constexpr std::string_view protocol = "HTTP/1.";

Error malformed(std::string message) { return fail(Failure::malformed, std::move(message)); }

Error too_large(std::size_t max_body) {
  return malformed("the answer is larger than " + std::to_string(max_body) + " bytes");
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

/// Undoes gzip, the only content coding we ask for, and removes the two headers that described the coded body.
Result<void> decode_content(HttpResponse& response, std::size_t max_body) {
  const std::string coding = lower_case(response.header("content-encoding"));
  if (coding.empty() || coding == "identity" || response.body.empty()) return {};
  if (coding != "gzip" && coding != "x-gzip")
    return malformed("the answer has a content coding that was not asked for");
  auto content = gunzip(response.body, max_body);
  if (!content) return content.error();
  response.body = *std::move(content);
  std::erase_if(response.headers, [](const Header& header) {
    const std::string name = lower_case(header.first);
    return name == "content-encoding" || name == "content-length";
  });
  return {};
}

}  // namespace

ResponseReader::ResponseReader(bool head_request, std::size_t max_body)
    : head_request_(head_request), max_body_(max_body), chunks_(max_body) {}

Result<bool> ResponseReader::feed(std::string_view bytes) {
  started_ = started_ || !bytes.empty();
  while (!bytes.empty() && part_ != Part::complete) {
    const auto taken = part_ == Part::head ? take_head(bytes) : take_body(bytes);
    if (!taken) return taken.error();
    bytes.remove_prefix(*taken);
  }
  excess_ = excess_ || !bytes.empty();
  return part_ == Part::complete;
}

Result<std::size_t> ResponseReader::take_head(std::string_view bytes) {
  constexpr std::string_view end_mark = "\r\n\r\n";
  const auto before = head_.size();
  head_.append(bytes.substr(0, max_response_head + end_mark.size() - before));
  const auto compared = std::min(head_.size(), protocol.size());
  if (head_.compare(0, compared, protocol, 0, compared) != 0) return malformed("the answer is not HTTP/1.1");
  const auto end = head_.find(end_mark, before - std::min(before, end_mark.size() - 1));
  if (end == std::string::npos) {
    if (head_.size() > max_response_head) return malformed("the header of the answer is larger than 64 KiB");
    return bytes.size();
  }
  const auto head_bytes = end + end_mark.size();
  const auto begun = begin_body(std::string_view(head_).substr(0, head_bytes));
  head_.clear();
  if (!begun) return begun.error();
  return head_bytes - before;
}

Result<void> ResponseReader::begin_body(std::string_view text) {
  auto head = parse_response_head(text, head_request_);
  if (!head) return head.error();
  if (head->status / 100 == 1) {
    // RFC 9110 section 15.2: interim answers may come unasked, the final one follows. We never ask to switch protocols.
    if (head->status == 101 || ++interim_ > max_interim) return malformed("the answer never becomes final");
    return {};
  }
  response_.status = head->status;
  response_.headers = std::move(head->headers);
  keep_alive_ = head->keep_alive;
  switch (head->body) {
    case ResponseHead::Body::none:
      part_ = Part::complete;
      return {};
    case ResponseHead::Body::sized:
      if (head->length > max_body_) return too_large(max_body_);
      left_ = static_cast<std::size_t>(head->length);
      response_.body.reserve(left_);
      part_ = left_ == 0 ? Part::complete : Part::sized;
      return {};
    case ResponseHead::Body::chunked:
      part_ = Part::chunked;
      return {};
    case ResponseHead::Body::until_close:
      part_ = Part::until_close;
      return {};
  }
  return {};
}

Result<std::size_t> ResponseReader::take_body(std::string_view bytes) {
  if (part_ == Part::chunked) {
    const auto taken = chunks_.feed(bytes, response_.body);
    if (chunks_.done()) part_ = Part::complete;
    return taken;
  }
  const auto count = part_ == Part::sized ? std::min(left_, bytes.size()) : bytes.size();
  if (count > max_body_ - response_.body.size()) return too_large(max_body_);
  response_.body.append(bytes.substr(0, count));
  if (part_ == Part::sized) {
    left_ -= count;
    if (left_ == 0) part_ = Part::complete;
  }
  return count;
}

Result<void> ResponseReader::end() {
  if (part_ == Part::until_close) part_ = Part::complete;
  if (part_ == Part::complete) return {};
  return broken_off("the connection was closed");
}

Error ResponseReader::broken_off(std::string_view cause) const {
  const std::string what = started_ ? "the answer broke off after " + std::to_string(response_.body.size()) + " bytes"
                                    : "there was no answer";
  return fail(Failure::network, what + ": " + std::string(cause));
}

Result<HttpResponse> ResponseReader::take() {
  const auto decoded = decode_content(response_, max_body_);
  if (!decoded) return decoded.error();
  return std::move(response_);
}

}  // namespace calsync::net
