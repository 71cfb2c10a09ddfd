// SPDX-License-Identifier: Apache-2.0
#include "common/net/resolver.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <utility>

namespace calsync::net {
namespace {

constexpr std::size_t lookup_threads = 8;

Result<Addresses> look_up(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (error != 0) return fail(Failure::network, gai_strerror(error));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  Addresses addresses;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    asio::ip::tcp::endpoint endpoint;
    if (entry->ai_addrlen > endpoint.capacity()) continue;
    endpoint.resize(entry->ai_addrlen);
    std::copy_n(reinterpret_cast<const char*>(entry->ai_addr), entry->ai_addrlen,
                reinterpret_cast<char*>(endpoint.data()));
    addresses.push_back(endpoint.address());
  }
  return addresses;
}

/// What a lookup thread and a waiting coroutine share. The channel is touched on the coroutine's executor only.
struct Lookup {
  explicit Lookup(const asio::any_io_executor& executor) : answer(executor, 1) {}
  asio::experimental::channel<void(boost::system::error_code, Result<Addresses>)> answer;
  std::atomic<bool> abandoned = false;
};

class SystemResolver final : public Resolver {
 public:
  ~SystemResolver() override {
    if (!threads_) return;
    threads_->stop();
    threads_->join();
  }

  Task<Result<Addresses>> resolve(std::string host) override {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    auto lookup = std::make_shared<Lookup>(executor);
    start(std::move(host), lookup, executor);
    auto [error, addresses] = co_await lookup->answer.async_receive(asio::as_tuple(asio::use_awaitable));
    lookup->abandoned = true;
    if (error) co_return fail(Failure::cancelled, "the name lookup was given up");
    co_return std::move(addresses);
  }

 private:
  void start(std::string host, std::shared_ptr<Lookup> lookup, asio::any_io_executor executor) {
    if (!threads_) threads_.emplace(lookup_threads);
    // Tracked work: the executor must not run dry while the only thing under way is on another thread.
    auto home = asio::prefer(std::move(executor), asio::execution::outstanding_work.tracked);
    asio::post(*threads_, [host = std::move(host), lookup = std::move(lookup), home = std::move(home)]() mutable {
      if (lookup->abandoned) return;
      auto addresses = look_up(host);
      asio::post(home, [lookup = std::move(lookup), addresses = std::move(addresses)]() mutable {
        lookup->answer.try_send(boost::system::error_code(), std::move(addresses));
      });
    });
  }

  std::optional<asio::thread_pool> threads_;
};

}  // namespace

std::unique_ptr<Resolver> make_system_resolver() { return std::make_unique<SystemResolver>(); }

}  // namespace calsync::net
