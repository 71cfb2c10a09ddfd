// SPDX-License-Identifier: Apache-2.0
#include "common/providers/counted_transport.hpp"

namespace calsync::providers {

Task<Result<net::HttpResponse>> CountedTransport::send(net::HttpRequest request, Deadline deadline) {
  const net::OperationName operation = request.operation;
  Result<net::HttpResponse> response = co_await inner_.send(std::move(request), deadline);
  metrics_.provider_request(provider_, operation.text(), response ? response->status : 0);
  co_return response;
}

}  // namespace calsync::providers
