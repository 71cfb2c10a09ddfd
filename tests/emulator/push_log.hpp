// SPDX-License-Identifier: Apache-2.0
// What became of each message: one row for each attempt, and for each message that was dropped without one.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace calsync::emulator {

struct PushRecord {
  std::uint64_t number = 0;  // 1, 2, 3, …
  std::int64_t time_ms = 0;
  std::string channel_id, address, state, error;
  std::uint64_t message_number = 0;
  int attempt = 0;      // 0: none was made
  unsigned status = 0;  // 0: no answer
  std::string_view outcome;
};

struct PushFilter {
  std::uint64_t since = 0;  // records with a greater number
  std::string channel_id, state, outcome;
  bool matches(const PushRecord& record) const;
};

class PushLog {
 public:
  void add(PushRecord record);
  void clear();
  std::uint64_t last() const { return last_; }
  std::size_t count(const PushFilter& filter) const;
  // {"count":…,"last":…,"deliveries":[…]}; `extra` are further members.
  std::string json(const PushFilter& filter, std::string_view extra) const;
  const std::map<std::string_view, std::uint64_t>& outcomes() const { return outcomes_; }
  void on_record(std::function<void()> listener) { listener_ = std::move(listener); }

 private:
  static constexpr std::size_t capacity = 50000;
  std::deque<PushRecord> records_;
  std::map<std::string_view, std::uint64_t> outcomes_;
  std::uint64_t last_ = 0;
  std::function<void()> listener_;
};

}  // namespace calsync::emulator
