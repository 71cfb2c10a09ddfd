// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/provider/emulated_transport.hpp"

#include <boost/system/system_error.hpp>

#include "common/async/cancelled.hpp"
#include "common/net/redirect.hpp"
#include "common/net/url.hpp"
#include "tests/simulation/provider/emulated_exchange.hpp"

namespace calsync::simulation {
namespace {

using net::HttpRequest;
using net::HttpResponse;

constexpr std::string_view reset = "Connection reset by peer";
constexpr Duration least = std::chrono::milliseconds(1);

/// Whether the trouble keeps a call from arriving at all.
std::optional<Error> before_sending(const NetworkFault* fault) {
  if (!fault) return std::nullopt;
  switch (fault->trouble) {
    case Trouble::refused:
      return fail(Failure::network, "no connection: Connection refused");
    case Trouble::dns_fails:
      return fail(Failure::network, "the name has no address: Host not found (authoritative)");
    case Trouble::dns_moves:
      return fail(Failure::network, "certificate refused: hostname mismatch");
    case Trouble::dns_moves_inside:
      return fail(Failure::misconfigured, "its address is not public (private use)");
    case Trouble::tls_fails:
      return fail(Failure::network, "certificate refused: certificate has expired");
    case Trouble::reset_before_send:
      return fail(Failure::network, "there was no answer: " + std::string(reset));
    default:
      return std::nullopt;
  }
}

bool is(const NetworkFault* fault, Trouble trouble) { return fault && fault->trouble == trouble; }

Error at_host(Error error, const std::string& host) {
  error.message = host + ": " + error.message;
  return error;
}

/// What an answer waits for; whoever goes away before leaves it to the provider.
class OpenWait {
 public:
  OpenWait(EmulatedWorld& world, std::optional<emulator::Wait> wait) : world_(world), wait_(std::move(wait)) {}
  ~OpenWait() {
    if (wait_) world_.abandon(std::move(*wait_));
  }
  OpenWait(const OpenWait&) = delete;
  OpenWait& operator=(const OpenWait&) = delete;
  const emulator::Wait* get() const { return wait_ ? &*wait_ : nullptr; }
  void finish(emulator::Response& response) {
    const emulator::Wait wait = *std::exchange(wait_, std::nullopt);
    const bool timed_out = !wait.ready();
    if (wait.finish)
      wait.finish(response, timed_out);
    else
      response.body = wait.body(timed_out);
  }

 private:
  EmulatedWorld& world_;
  std::optional<emulator::Wait> wait_;
};

Error late() { return fail(Failure::timeout, "no complete answer in time"); }

}  // namespace

EmulatedTransport::EmulatedTransport(AsyncClock& clock, EmulatedWorld& world, Random& random, TransportOptions options)
    : clock_(clock), world_(world), random_(random), options_(options) {}

Task<Result<HttpResponse>> EmulatedTransport::send(HttpRequest request, Deadline deadline) {
  const Result<net::Url> url = net::parse_url(request.url);
  if (!url) co_return url.error();
  if (deadline.passed(clock_)) co_return at_host(late(), url->host);
  std::exception_ptr thrown;
  try {
    co_return co_await follow(std::move(request), deadline);
  } catch (...) {
    thrown = std::current_exception();
  }
  if (!is_cancellation(thrown)) std::rethrow_exception(thrown);
  co_return fail(Failure::cancelled, "the work was stopped");
}

Task<Result<HttpResponse>> EmulatedTransport::follow(HttpRequest request, Deadline deadline) {
  for (int hops = 0; hops <= net::max_redirects; ++hops) {
    const Result<net::Url> url = net::parse_url(request.url);
    if (!url) co_return url.error();
    Result<HttpResponse> answer = co_await answer_of(request, deadline);
    if (!answer) co_return at_host(answer.error(), url->host);
    answer->url = request.url;
    if (!net::redirects(request, *answer)) co_return answer;
    Result<HttpRequest> next = net::redirected(std::move(request), *answer);
    if (!next) co_return at_host(next.error(), url->host);
    request = *std::move(next);
  }
  co_return fail(Failure::malformed, "more than " + std::to_string(net::max_redirects) + " redirects in a row");
}

/// `request` lives in the caller's frame.
Task<Result<HttpResponse>> EmulatedTransport::answer_of(const HttpRequest& request, Deadline deadline) {
  const NetworkFault* ordered = world_.network.hit(request.url, world_.now());
  // A copy: the board may be cleared while this waits.
  const std::optional<NetworkFault> kept = ordered ? std::optional(*ordered) : std::nullopt;
  const NetworkFault* fault = kept ? &*kept : nullptr;
  const bool in_time = co_await pass(latency(), deadline);
  if (!in_time) co_return late();
  if (auto failure = before_sending(fault)) co_return *std::move(failure);
  if (is(fault, Trouble::stall)) {
    co_await pass(Duration::max() / 4, deadline);
    co_return late();
  }
  ++calls_;
  emulator::Response response = answer_in_process(world_.provider, request);
  OpenWait wait(world_, std::exchange(response.wait, std::nullopt));
  if (is(fault, Trouble::stall_after_send)) {
    co_await pass(Duration::max() / 4, deadline);
    co_return late();
  }
  if (is(fault, Trouble::reset_after_send))
    co_return fail(Failure::network, "there was no answer: " + std::string(reset));
  if (is(fault, Trouble::drip)) response.delay_ms += fault->slowness / std::chrono::milliseconds(1);
  const Deadline patience =
      deadline.at_most(clock_, std::chrono::milliseconds(wait.get() ? wait.get()->timeout_ms : 0));
  while (wait.get() && !wait.get()->ready()) {
    const bool waited = co_await pass(std::chrono::milliseconds(50), patience);
    if (deadline.passed(clock_)) co_return late();
    if (!waited) break;
  }
  if (wait.get()) wait.finish(response);
  co_return co_await deliver(request, std::move(response), deadline);
}

/// The way back.
Task<Result<HttpResponse>> EmulatedTransport::deliver(const HttpRequest& request, emulator::Response response,
                                                      Deadline deadline) {
  const Duration way = latency() + std::chrono::milliseconds(response.delay_ms);
  const bool in_time = co_await pass(way, deadline);
  if (!in_time) co_return late();
  co_return received(request, std::move(response), world_.provider.settings.oversized_bytes);
}

/// False = the deadline came first, and it is now.
Task<bool> EmulatedTransport::pass(Duration duration, Deadline deadline) {
  const Duration left = deadline.remaining(clock_);
  if (duration < left) {
    co_await clock_.sleep(duration);
    co_return true;
  }
  co_await clock_.sleep(left);
  co_return false;
}

Duration EmulatedTransport::latency() {
  const double share = random_.unit();
  const Duration most = random_.unit() < options_.slow_share ? options_.slow : options_.usual * 2;
  return least + Duration(static_cast<std::int64_t>(share * static_cast<double>(most.count())));
}

}  // namespace calsync::simulation
