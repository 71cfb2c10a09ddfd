// SPDX-License-Identifier: Apache-2.0
#include "common/net/response_head.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <exception>
#include <string>

namespace calsync::net {
namespace {

namespace http = boost::beast::http;
using Parser = http::response_parser<http::empty_body>;

Error not_http(std::string_view why) {
  return fail(Failure::malformed, "the answer is not valid HTTP/1.1: " + std::string(why));
}

Result<ResponseHead::Body> body_framing(const Parser& parser, bool head_request) {
  using enum ResponseHead::Body;
  const auto& message = parser.get();
  const int status = static_cast<int>(message.result_int());
  if (head_request || status / 100 == 1 || status == 204 || status == 304) return none;
  const auto codings = message.count(http::field::transfer_encoding);
  if (codings > 0) {
    // Beast ignores codings it does not know and would read such a body up to the end of the connection.
    const bool only_chunked =
        codings == 1 && boost::beast::iequals(message[http::field::transfer_encoding], "chunked") && parser.chunked();
    if (!only_chunked || message.version() != 11) return not_http("a transfer coding that was not asked for");
    return chunked;
  }
  return message.count(http::field::content_length) > 0 ? sized : until_close;
}

Result<ResponseHead> parse(std::string_view text, bool head_request) {
  Parser parser;
  parser.header_limit(max_response_head + 4);
  parser.body_limit(boost::none);  // the reader has its own limit, with its own sentence
  parser.skip(head_request);
  boost::beast::error_code error;
  parser.put(boost::asio::buffer(text), error);
  if (error) return not_http(error.message());
  if (!parser.is_header_done()) return not_http("the header does not end");
  const auto body = body_framing(parser, head_request);
  if (!body) return body.error();
  ResponseHead head;
  head.status = static_cast<int>(parser.get().result_int());
  for (const auto& field : parser.get()) head.headers.emplace_back(field.name_string(), field.value());
  head.body = *body;
  if (head.body == ResponseHead::Body::sized) head.length = parser.content_length().value_or(0);
  head.keep_alive = parser.keep_alive();
  return head;
}

}  // namespace

Result<ResponseHead> parse_response_head(std::string_view text, bool head_request) {
  try {
    return parse(text, head_request);
  } catch (const std::exception& error) {
    // An assertion inside Beast (base/assert.cpp) is the peer's doing as far as anyone can tell.
    return not_http(error.what());
  }
}

}  // namespace calsync::net
