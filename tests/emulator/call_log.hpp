// SPDX-License-Identifier: Apache-2.0
// What was called: a ring of the latest calls and counters that never forget.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace calsync::emulator {

struct Call {
  std::uint64_t number = 0;  // 1, 2, 3, …
  std::int64_t time_ms = 0;
  std::string method, target;  // secrets in the query are replaced
  std::string_view operation;
  std::string account, calendar_id;
  unsigned status = 0;  // 0: no answer was sent
  std::uint64_t fault = 0;
  int page = 1;
  bool sync_token = false, page_token = false;
  bool conditional = false;  // asks only for what changed
};

struct CallFilter {
  std::uint64_t since = 0;  // calls with a greater number
  std::string operation, account, calendar_id;
  std::int64_t status = -1;
  bool matches(const Call& call) const;
};

class CallLog {
 public:
  void add(Call call);
  void clear();
  std::uint64_t last() const { return last_; }
  std::vector<const Call*> select(const CallFilter& filter) const;
  std::size_t count(const CallFilter& filter) const;

  void begin() { peak_ = ++running_ > peak_ ? running_ : peak_; }
  void end() { --running_; }
  std::string stats() const;
  void on_call(std::function<void()> listener) { listener_ = std::move(listener); }

 private:
  static constexpr std::size_t capacity = 10000;
  std::vector<Call> ring_;
  std::uint64_t last_ = 0, first_ = 1;
  std::map<std::string_view, std::map<unsigned, std::uint64_t>> counters_;
  std::uint64_t total_ = 0;
  std::int64_t running_ = 0, peak_ = 0;
  std::function<void()> listener_;
};

std::string call_json(const Call& call);
std::string redacted_target(std::string_view target);

}  // namespace calsync::emulator
