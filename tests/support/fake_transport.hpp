// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "common/net/http.hpp"

namespace calsync::testing {

inline net::HttpResponse http_response(int status, std::string body, std::vector<net::Header> headers = {}) {
  return {status, std::move(headers), std::move(body), {}};
}

/// A scripted transport: answers requests in the order of its script and keeps what was sent. A request that the script
/// does not expect throws logic_error, so that it cannot pass unnoticed.
class FakeTransport final : public net::HttpTransport {
 public:
  /// Whatever is asked next gets this answer.
  FakeTransport& reply(net::HttpResponse answer) { return add({}, {}, std::move(answer)); }
  FakeTransport& reply(int status, std::string body, std::vector<net::Header> headers = {}) {
    return reply(http_response(status, std::move(body), std::move(headers)));
  }
  FakeTransport& reply(Error failure) { return add({}, {}, std::move(failure)); }

  /// The next request must be this one, its URL to the letter.
  FakeTransport& expect(std::string method, std::string url, net::HttpResponse answer) {
    return add(std::move(method), std::move(url), std::move(answer));
  }
  FakeTransport& expect(std::string method, std::string url, Error failure) {
    return add(std::move(method), std::move(url), std::move(failure));
  }

  Task<Result<net::HttpResponse>> send(net::HttpRequest request, Deadline) override {
    if (script_.empty()) throw std::logic_error("unexpected request: " + request.method + " " + request.url);
    Step step = std::move(script_.front());
    script_.pop_front();
    if ((step.method && *step.method != request.method) || (step.url && *step.url != request.url)) {
      throw std::logic_error("expected " + *step.method + " " + *step.url + ", got " + request.method + " " +
                             request.url);
    }
    sent_.push_back(std::move(request));
    co_return std::move(step.answer);
  }

  const std::vector<net::HttpRequest>& sent() const { return sent_; }
  /// Everything in the script was asked for.
  bool exhausted() const { return script_.empty(); }

 private:
  struct Step {
    std::optional<std::string> method;
    std::optional<std::string> url;
    Result<net::HttpResponse> answer;
  };
  FakeTransport& add(std::optional<std::string> method, std::optional<std::string> url,
                     Result<net::HttpResponse> answer) {
    script_.push_back({std::move(method), std::move(url), std::move(answer)});
    return *this;
  }

  std::deque<Step> script_;
  std::vector<net::HttpRequest> sent_;
};

}  // namespace calsync::testing
