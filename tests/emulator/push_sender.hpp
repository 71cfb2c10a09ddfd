// SPDX-License-Identifier: Apache-2.0
// Posts the messages that wait, a bounded number at a time, beside the serving of requests.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "push_board.hpp"

namespace calsync::emulator {

class PushSender {
 public:
  PushSender(boost::asio::io_context& context, PushBoard& board);
  PushSender(const PushSender&) = delete;
  PushSender& operator=(const PushSender&) = delete;
  ~PushSender();

 private:
  void wake();
  void wake_later(std::int64_t milliseconds);
  boost::asio::awaitable<void> work();

  boost::asio::io_context& context_;
  PushBoard& board_;
  boost::asio::steady_timer timer_;
  std::int64_t workers_ = 0;
};

}  // namespace calsync::emulator
