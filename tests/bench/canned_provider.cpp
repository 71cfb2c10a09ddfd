// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/canned_provider.hpp"

#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <cstdio>
#include <memory>
#include <string_view>

namespace calsync::bench {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::string_view calendar =
    R"({"kind":"calendar#calendarListEntry","etag":"\"1\"","id":"main@example.com","summary":"Main","timeZone":"Europe/Berlin","accessRole":"owner","primary":true,"selected":true,"defaultReminders":[],"conferenceProperties":{"allowedConferenceSolutionTypes":["hangoutsMeet"]}})";

std::string answer(std::string_view status, std::string_view body) {
  return fmt::format("HTTP/1.1 {}\r\nContent-Type: application/json; charset=UTF-8\r\nContent-Length: {}\r\n\r\n{}",
                     status, body.size(), body);
}

std::string list_answer(std::string_view items) {
  return answer(
      "200 OK",
      fmt::format(R"({{"kind":"calendar#calendarList","etag":"\"p33g\"","nextSyncToken":"CJi8list","items":[{}]}})",
                  items));
}

const std::string& answer_to(std::string_view target) {
  static const std::string full_list = list_answer(calendar), no_change = list_answer("");
  static const std::string events = answer(
      "200 OK",
      R"({"kind":"calendar#events","etag":"\"p32o\"","summary":"main@example.com","description":"","updated":"2026-01-05T09:00:00.000Z","timeZone":"Europe/Berlin","accessRole":"owner","defaultReminders":[{"method":"popup","minutes":10}],"nextSyncToken":"CPDAevents","items":[]})");
  static const std::string nothing = answer("404 Not Found", "{}");
  if (target.find("/calendarList") != std::string_view::npos)
    return target.find("syncToken=") == std::string_view::npos ? full_list : no_change;
  return target.find("/events") != std::string_view::npos ? events : nothing;
}

/// One client's connection. Requests have no bodies.
class Session : public std::enable_shared_from_this<Session> {
 public:
  explicit Session(tcp::socket socket) : socket_(std::move(socket)) {}

  void read() {
    const std::size_t end = in_.find("\r\n\r\n");
    if (end != std::string::npos) {
      const std::string_view target = std::string_view(in_).substr(0, in_.find("\r\n"));
      const std::string& text = answer_to(target);
      in_.erase(0, end + 4);
      asio::async_write(socket_, asio::buffer(text), [self = shared_from_this()](error_code error, std::size_t) {
        if (!error) self->read();
      });
      return;
    }
    const std::size_t held = in_.size();
    in_.resize(held + 4096);
    socket_.async_read_some(asio::buffer(in_.data() + held, 4096),
                            [self = shared_from_this(), held](error_code error, std::size_t got) {
                              self->in_.resize(held + got);
                              if (!error) self->read();
                            });
  }

 private:
  tcp::socket socket_;
  std::string in_{};
};

void accept(tcp::acceptor& acceptor) {
  acceptor.async_accept([&acceptor](error_code error, tcp::socket socket) {
    if (error) return;
    socket.set_option(tcp::no_delay(true));
    std::make_shared<Session>(std::move(socket))->read();
    accept(acceptor);
  });
}

}  // namespace

void serve_canned_answers(const std::string& port_file) {
  asio::io_context io(1);
  tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
  accept(acceptor);
  // Renamed, so that whoever sees it sees all of it.
  const std::string fresh = port_file + ".new";
  std::FILE* file = std::fopen(fresh.c_str(), "w");
  if (!file) throw std::runtime_error("cannot write " + fresh);
  fmt::print(file, "{}", acceptor.local_endpoint().port());
  std::fclose(file);
  std::rename(fresh.c_str(), port_file.c_str());
  io.run();
}

}  // namespace calsync::bench
