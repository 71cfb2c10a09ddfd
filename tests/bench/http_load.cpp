// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/http_load.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <cstdio>
#include <deque>
#include <map>
#include <memory>
#include <vector>

namespace calsync::bench {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

/// No common factor with any number of channels in use, so that every channel has its turn.
constexpr std::uint64_t stride = 2654435761;

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

/// A template cut at its variables, so that filling it in is appending.
class Pieces {
 public:
  explicit Pieces(std::string text) {
    for (;;) {
      const std::size_t at = std::min(text.find("{n}"), text.find("{k}"));
      literals_.push_back(text.substr(0, at));
      if (at == std::string::npos) return;
      variables_.push_back(text[at + 1]);
      text.erase(0, at + 3);
    }
  }
  void fill(std::string& out, const std::string& n, const std::string& k) const {
    for (std::size_t i = 0; i < literals_.size(); ++i) {
      out += literals_[i];
      if (i < variables_.size()) out += variables_[i] == 'n' ? n : k;
    }
  }

 private:
  std::vector<std::string> literals_;
  std::vector<char> variables_;
};

struct Sample {
  std::uint64_t n, k;
  Clock::time_point due, end;
  int status;
};

class Load {
 public:
  explicit Load(const LoadOptions& options)
      : options_(options),
        head_(replaced(options.request.substr(0, options.request.find("\n\n")) + "\n", "\n", "\r\n")),
        body_(options.request.substr(std::min(options.request.size(), options.request.find("\n\n") + 2))),
        timer_(io_) {}

  std::string run();

 private:
  struct Session {
    explicit Session(asio::io_context& io) : socket(io) {}
    tcp::socket socket;
    std::string out{}, in{};
    Sample sample{};
  };

  bool exhausted() const {
    return (options_.count > 0 && begun_ >= options_.count) || Clock::now() >= start_ + length();
  }
  Clock::duration length() const {
    return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(options_.seconds));
  }
  void begin(Session& session, Clock::time_point due);
  void read(Session& session);
  bool complete(Session& session);
  void finished(Session& session);
  void tick();
  std::string figures() const;
  void write_log() const;

  const LoadOptions& options_;
  Pieces head_, body_;
  asio::io_context io_{1};
  asio::steady_timer timer_;
  std::vector<std::unique_ptr<Session>> sessions_{};
  std::deque<Session*> idle_{};
  std::vector<Sample> samples_{};
  std::uint64_t begun_ = 0, due_ = 0, failed_ = 0;
  Clock::time_point start_{};
  std::chrono::system_clock::time_point wall_start_{};
};

void Load::begin(Session& session, Clock::time_point due) {
  const std::uint64_t n = options_.first + begun_++;
  const std::uint64_t k = n * stride % options_.channels;
  session.sample = {n, k, due, {}, 0};
  const std::string n_text = std::to_string(n), k_text = std::to_string(k);
  std::string body;
  body_.fill(body, n_text, k_text);
  session.out.clear();
  head_.fill(session.out, n_text, k_text);
  session.out += fmt::format("Content-Length: {}\r\n\r\n{}", body.size(), body);
  asio::async_write(session.socket, asio::buffer(session.out), [this, &session](error_code error, std::size_t) {
    if (error) {
      ++failed_;
      return;
    }
    session.in.clear();
    read(session);
  });
}

void Load::read(Session& session) {
  const std::size_t held = session.in.size();
  session.in.resize(held + 2048);
  session.socket.async_read_some(asio::buffer(session.in.data() + held, 2048),
                                 [this, &session, held](error_code error, std::size_t got) {
                                   session.in.resize(held + got);
                                   if (error) {
                                     ++failed_;
                                   } else if (complete(session)) {
                                     finished(session);
                                   } else {
                                     read(session);
                                   }
                                 });
}

bool Load::complete(Session& session) {
  const std::size_t end = session.in.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  std::string head = session.in.substr(0, end);
  std::transform(head.begin(), head.end(), head.begin(), [](unsigned char c) { return std::tolower(c); });
  const std::size_t length = head.find("\ncontent-length:");
  if (length == std::string::npos) throw std::runtime_error("an answer without Content-Length: " + head);
  session.sample.status = std::stoi(head.substr(9, 3));
  return session.in.size() >= end + 4 + std::stoul(head.substr(length + 16));
}

void Load::finished(Session& session) {
  session.sample.end = Clock::now();
  samples_.push_back(session.sample);
  if (options_.rate > 0) {
    idle_.push_back(&session);
  } else if (!exhausted()) {
    begin(session, session.sample.end);
  }
}

/// Begins what is due. What finds no free connection stays due, and its latency runs.
void Load::tick() {
  const Clock::time_point now = Clock::now();
  const auto gap = std::chrono::duration<double>(1 / options_.rate);
  while (!idle_.empty()) {
    const auto due = start_ + std::chrono::duration_cast<Clock::duration>(gap * static_cast<double>(due_));
    if (due > now || due >= start_ + length() || (options_.count > 0 && begun_ >= options_.count)) break;
    Session& session = *idle_.front();
    idle_.pop_front();
    ++due_;
    begin(session, due);
  }
  if (exhausted() && idle_.size() + failed_ == sessions_.size()) return;
  if (now > start_ + length() + std::chrono::seconds(15)) return io_.stop();
  timer_.expires_after(std::chrono::microseconds(500));
  timer_.async_wait([this](error_code) { tick(); });
}

std::string Load::run() {
  for (int i = 0; i < options_.connections; ++i) {
    sessions_.push_back(std::make_unique<Session>(io_));
    tcp::socket& socket = sessions_.back()->socket;
    socket.connect({asio::ip::address_v4::loopback(), options_.port});
    socket.set_option(tcp::no_delay(true));
  }
  samples_.reserve(1 << 20);
  start_ = Clock::now();
  wall_start_ = std::chrono::system_clock::now();
  for (const auto& session : sessions_) {
    if (options_.rate > 0) {
      idle_.push_back(session.get());
    } else {
      begin(*session, start_);
    }
  }
  if (options_.rate > 0) tick();
  io_.run();
  if (!options_.log.empty()) write_log();
  return figures();
}

void Load::write_log() const {
  std::FILE* file = std::fopen(options_.log.c_str(), "w");
  if (!file) throw std::runtime_error("cannot write " + options_.log);
  const auto epoch = [this](Clock::time_point at) {
    const auto wall = wall_start_ + std::chrono::duration_cast<std::chrono::system_clock::duration>(at - start_);
    return std::chrono::duration_cast<std::chrono::microseconds>(wall.time_since_epoch()).count();
  };
  for (const Sample& one : samples_)
    fmt::print(file, "{} {} {} {} {}\n", one.n, one.k, epoch(one.due), epoch(one.end), one.status);
  std::fclose(file);
}

std::string Load::figures() const {
  std::vector<double> taken;
  std::map<int, int> statuses;
  Clock::time_point last = start_;
  int good = 0;
  for (const Sample& one : samples_) {
    taken.push_back(std::chrono::duration<double, std::milli>(one.end - one.due).count());
    ++statuses[one.status];
    good += one.status / 100 == 2;
    last = std::max(last, one.end);
  }
  std::sort(taken.begin(), taken.end());
  const auto at = [&taken](double share) {
    return taken.empty()
               ? 0.0
               : taken[std::min(taken.size() - 1, static_cast<std::size_t>(share * static_cast<double>(taken.size())))];
  };
  std::string by_status;
  for (const auto& [status, count] : statuses)
    by_status += fmt::format("{}\"{}\":{}", by_status.empty() ? "" : ",", status, count);
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  const double wall = std::chrono::duration<double>(last - start_).count();
  return fmt::format(
      R"({{"requests":{},"good":{},"failed":{},"seconds":{:.3f},"rate":{:.1f},"p50":{:.3f},"p95":{:.3f},"p99":{:.3f},"max":{:.3f},"cpu":{:.2f},"statuses":{{{}}}}})",
      samples_.size(), good, failed_, wall, wall > 0 ? good / wall : 0, at(0.5), at(0.95), at(0.99), at(1),
      seconds(usage.ru_utime) + seconds(usage.ru_stime), by_status);
}

}  // namespace

std::string run_load(const LoadOptions& options) { return Load(options).run(); }

}  // namespace calsync::bench
