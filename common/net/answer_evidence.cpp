// SPDX-License-Identifier: Apache-2.0
#include "common/net/answer_evidence.hpp"

#include "common/base/ids.hpp"

namespace calsync::net {

std::string request_name(std::string_view text) { return canonical_uuid(text).value_or(std::string()); }

Error told_by(Error error, const HttpResponse& response, std::string request_id) {
  if (error.status != 0) return error;
  error.status = response.status;
  error.request_id = std::move(request_id);
  return error;
}

}  // namespace calsync::net
