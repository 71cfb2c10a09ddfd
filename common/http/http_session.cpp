// SPDX-License-Identifier: Apache-2.0
#include "common/http/http_session.hpp"
#include "common/base/repeatable.hpp"

#include <cxxabi.h>
#include <fmt/format.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/system_error.hpp>
#include <cstdlib>
#include <typeinfo>

#include "common/http/http_answer.hpp"
#include "common/http/http_chunks.hpp"
#include "common/http/respond.hpp"

namespace calsync::http {
namespace {

/// After its last answer a connection is read for a moment longer: closing with unread bytes would reset it, and the
/// client would never see the answer (RFC 9112 section 9.6).
constexpr std::size_t linger_bytes = 16 * 1024 * 1024;
constexpr std::chrono::milliseconds linger_time{2000};
/// What an idle connection may keep of its buffer.
constexpr std::size_t small_buffer = 1024;

/// The client is gone, or was never there: there is nobody to answer.
FramingError nobody() { return {0, {}}; }

std::string type_name(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(abi::__cxa_demangle(type.name(), nullptr, nullptr, &status),
                                                         &std::free);
  return status == 0 ? name.get() : type.name();
}

/// What kind of exception it was. Its text may quote a row or a token, so it is not told; a system error's number may.
std::string kind_of(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const boost::system::system_error& error) {
    return type_name(typeid(error)) + ": " + error.code().message();
  } catch (const std::exception& error) {
    return type_name(typeid(error));
  } catch (...) {
    return "an exception of unknown type";
  }
}

}  // namespace

HttpSession::HttpSession(std::shared_ptr<HttpServer::Shared> server, asio::ip::tcp::socket socket, Peer peer, Seat seat)
    : server_(std::move(server)), socket_(std::move(socket)), peer_(std::move(peer)), seat_(seat) {
  server_->sessions.insert(this);
  server_->running.enter();
  if (seat_ == Seat::served) {
    ++server_->served;
    ++server_->served_by_neighbour[peer_.neighbour];
  }
  enter(Phase::idle, server_->options.idle_timeout);
}

HttpSession::~HttpSession() {
  if (seat_ == Seat::served) {
    --server_->served;
    const auto found = server_->served_by_neighbour.find(peer_.neighbour);
    if (--found->second == 0) server_->served_by_neighbour.erase(found);
  }
  server_->sessions.erase(this);
  server_->running.leave();
}

void HttpSession::enter(Phase phase, std::chrono::milliseconds limit) {
  phase_ = phase;
  deadline_ = server_->clock.monotonic() + limit;
}

void HttpSession::enforce_deadline(Duration now) {
  if (phase_ == Phase::handling || now < deadline_) return;
  timed_out_ = true;
  boost::system::error_code ignored;
  socket_.cancel(ignored);
}

void HttpSession::end_if_idle() {
  if (phase_ != Phase::idle) return;
  boost::system::error_code ignored;
  socket_.cancel(ignored);
}

/// Waits first and reads then, without blocking: the wait holds no buffer. An idle connection of a draining server
/// does not wait, but a request that has already arrived is still read.
Task<HttpSession::Read> HttpSession::read_some() {
  for (;;) {
    boost::system::error_code error;
    if (!timed_out_ && !leaving()) {
      co_await socket_.async_wait(asio::socket_base::wait_read, asio::redirect_error(asio::use_awaitable, error));
    }
    if (timed_out_) co_return Read::timed_out;
    const std::size_t count = socket_.read_some(asio::buffer(server_->scratch), error);
    if (!error) {
      buffer_.append(server_->scratch.data(), count);
      co_return Read::ok;
    }
    const bool again = error == asio::error::would_block || error == asio::error::interrupted;
    if (!again || leaving()) co_return Read::ended;
  }
}

Task<HttpSession::Problem> HttpSession::read_more(std::string_view part) {
  const Read read = co_await read_some();
  if (read == Read::ok) co_return std::nullopt;
  if (read == Read::ended || phase_ == Phase::idle) co_return nobody();
  co_return FramingError{408, fmt::format("the request {} took too long", part)};
}

Task<HttpSession::Problem> HttpSession::read_head() {
  enter(Phase::idle, server_->options.idle_timeout);
  if (buffer_.empty() && buffer_.capacity() > small_buffer) std::string().swap(buffer_);
  const std::size_t limit = server_->options.max_head;
  bool forgiven = false;
  std::size_t judged = 0;
  for (;;) {
    if (!buffer_.empty() && phase_ == Phase::idle) enter(Phase::head, server_->options.header_timeout);
    // One empty line before a request is forgiven (RFC 9112 section 2.2).
    if (!forgiven && buffer_.starts_with("\r\n")) {
      buffer_.erase(0, 2);
      judged = 0;
      forgiven = true;
    }
    const std::string_view begun = std::string_view(buffer_).substr(0, limit);
    const auto end = begun.find("\r\n\r\n", judged < 3 ? 0 : judged - 3);
    const std::string_view bytes = begun.substr(0, end == std::string_view::npos ? end : end + 4);
    if (auto wrong = judge_beginning(bytes, judged)) co_return wrong;
    if (end != std::string_view::npos) {
      auto parsed = parse_head(bytes);
      if (auto* wrong = std::get_if<FramingError>(&parsed)) co_return std::move(*wrong);
      head_ = std::get<RequestHead>(std::move(parsed));
      buffer_.erase(0, bytes.size());
      co_return std::nullopt;
    }
    if (buffer_.size() > limit) co_return FramingError{431, fmt::format("the head is larger than {} bytes", limit)};
    judged = begun.size();
    if (auto wrong = co_await read_more("head")) co_return wrong;
  }
}

FramingError HttpSession::too_large() const {
  return {413, fmt::format("the body is larger than {} bytes", server_->options.max_body)};
}

Task<void> HttpSession::send_continue() {
  boost::system::error_code ignored;
  constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
  co_await asio::async_write(socket_, asio::buffer(go_on), asio::redirect_error(asio::use_awaitable, ignored));
}

Task<HttpSession::Problem> HttpSession::read_body() {
  enter(Phase::body, server_->options.body_timeout);
  if (head_.content_length.value_or(0) > server_->options.max_body) co_return too_large();
  const auto length = static_cast<std::size_t>(head_.content_length.value_or(0));
  if (!head_.chunked && length == 0) co_return std::nullopt;
  if (head_.expects_continue && buffer_.empty()) co_await send_continue();
  Task<Problem> body = head_.chunked ? read_chunks() : read_sized(length);
  co_return co_await std::move(body);
}

Task<HttpSession::Problem> HttpSession::read_sized(std::size_t length) {
  while (buffer_.size() < length) {
    if (auto wrong = co_await read_more("body")) co_return wrong;
  }
  if (buffer_.size() == length) {
    head_.request.body = std::exchange(buffer_, {});
  } else {
    head_.request.body = buffer_.substr(0, length);
    buffer_.erase(0, length);
  }
  co_return std::nullopt;
}

Task<HttpSession::Problem> HttpSession::read_chunks() {
  using State = ChunkDecoder::State;
  ChunkDecoder chunks(server_->options.max_body);
  for (;;) {
    std::size_t taken = 0;
    const State state = chunks.feed(buffer_, taken);
    buffer_.erase(0, taken);
    if (state == State::done) break;
    if (state == State::too_large) co_return too_large();
    if (state == State::malformed) co_return FramingError{400, "the chunked body is malformed"};
    if (auto wrong = co_await read_more("body")) co_return wrong;
  }
  head_.request.body = chunks.take();
  co_return std::nullopt;
}

Task<Response> HttpSession::answer() {
  const std::string method = head_.request.method;
  const std::string path = presentable_path(head_.request.path());
  std::exception_ptr failure;
  try {
    Response response = co_await server_->handler(std::move(head_.request));
    check_answer(response);
    co_return response;
  } catch (...) {
    failure = std::current_exception();
  }
  co_return report_incident(failure, method, path);
}

Response HttpSession::report_incident(std::exception_ptr failure, const std::string& method, const std::string& path) {
  const auto started = server_->clock.now().time_since_epoch().count();
  const std::string incident = fmt::format("{:x}-{:x}", started, ++server_->incidents);
  server_->log.error(
      "a request failed",
      {.error_code = "internal_error",
       .metadata = {{"incident", incident}, {"method", method}, {"path", path}, {"exception", kind_of(failure)}}});
  return error_response(500, "internal_error", "the server could not do this; its log says more under this incident",
                        {{"incident", incident}});
}

Task<bool> HttpSession::write(Response response, bool keep_alive, bool with_body) {
  enter(Phase::writing, server_->options.write_timeout);
  const std::string head = answer_head(response, keep_alive, server_->clock.now());
  if (!with_body || !may_have_body(response.status)) response.body.clear();
  const std::array<asio::const_buffer, 2> parts{asio::buffer(head), asio::buffer(response.body)};
  boost::system::error_code error;
  co_await asio::async_write(socket_, parts, asio::redirect_error(asio::use_awaitable, error));
  co_return !error && !timed_out_;
}

Task<void> HttpSession::linger() {
  boost::system::error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  enter(Phase::lingering, linger_time);
  Read read = Read::ok;
  for (std::size_t unread = buffer_.size(); read == Read::ok && unread < linger_bytes; unread += buffer_.size()) {
    buffer_.clear();
    read = co_await read_some();
  }
}

Task<void> HttpSession::refuse(FramingError problem) {
  if (problem.status == nobody().status) co_return;
  timed_out_ = false;
  if (server_->options.refused && !head_.request.target.empty())
    server_->options.refused(head_.request, problem.status);
  Response response = error_response(problem.status, refusal_code(problem.status), problem.sentence);
  if (problem.status == 503) response.headers.emplace_back("Retry-After", "5");
  const bool with_body = head_.request.method != "HEAD";
  const bool sent = co_await write(std::move(response), false, with_body);
  if (sent) co_await linger();
}

/// True = another request may follow.
Task<bool> HttpSession::serve_one() {
  head_ = RequestHead();
  Problem problem = co_await read_head();
  if (!problem) problem = co_await read_body();
  if (problem) {
    co_await refuse(std::move(*problem));
    co_return false;
  }
  phase_ = Phase::handling;
  const bool with_body = head_.request.method != "HEAD";
  head_.request.peer_address = peer_.address;
  Response response = co_await answer();
  const bool keep_alive = head_.keep_alive && !server_->draining;
  const bool sent = co_await write(std::move(response), keep_alive, with_body);
  if (sent && !keep_alive) co_await linger();
  const bool again = sent && keep_alive;
  co_return again;
}

Task<void> HttpSession::run(std::unique_ptr<HttpSession> session) {
  if (session->seat_ == Seat::turned_away) {
    FramingError full{503, "there are too many connections; try again soon"};
    co_await session->refuse(std::move(full));
    co_return;
  }
  bool again = true;
  while (again) again = co_await session->serve_one();
}

}  // namespace calsync::http
