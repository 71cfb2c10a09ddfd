// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/net/http.hpp"

namespace calsync::simulation {

/// What checks learn of the calls that a process makes.
class CallObserver {
 public:
  virtual ~CallObserver() = default;
  /// A number that comes back with the answer.
  virtual std::uint64_t call_starts(const std::string& process, const net::HttpRequest& request) = 0;
  virtual void call_ends(std::uint64_t call, const Result<net::HttpResponse>& answer) = 0;
};

class WatchedTransport final : public net::HttpTransport {
 public:
  WatchedTransport(std::string process, net::HttpTransport& inner, CallObserver& observer)
      : process_(std::move(process)), inner_(inner), observer_(observer) {}

  Task<Result<net::HttpResponse>> send(net::HttpRequest request, Deadline deadline) override {
    const std::uint64_t call = observer_.call_starts(process_, request);
    auto answer = co_await inner_.send(std::move(request), deadline);
    observer_.call_ends(call, answer);
    co_return answer;
  }

 private:
  std::string process_;
  net::HttpTransport& inner_;
  CallObserver& observer_;
};

}  // namespace calsync::simulation
