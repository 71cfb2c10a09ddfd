// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "common/net/http.hpp"

namespace calsync::net {

/// A provider's name for a request, if it is a GUID: nothing else that a server puts there is repeated, since it might
/// be an echo of what was sent. "" = it is none.
std::string request_name(std::string_view text);

/// The error with the evidence of the answer behind it: its status, and the provider's name for the request. An error
/// that has evidence already, or that no answer led to, stays as it is.
Error told_by(Error error, const HttpResponse& response, std::string request_id = {});

/// The same for what was read from an answer.
template <class T>
Result<T> told_by(Result<T> read, const HttpResponse& response, std::string request_id = {}) {
  if (read) return read;
  return told_by(read.error(), response, std::move(request_id));
}

}  // namespace calsync::net
