// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "common/base/time.hpp"

namespace calsync::simulation {

/// What happened, as one number that two runs of a seed share and as lines for people.
class Trace {
 public:
  using Sink = std::function<void(Duration at, std::string_view line)>;

  void mix(std::uint64_t value) { hash_ = (hash_ ^ value) * 0x100000001b3ULL; }
  void mix(std::string_view text) {
    for (const char one : text) mix(static_cast<std::uint64_t>(static_cast<unsigned char>(one)));
  }
  void say(Duration at, std::string_view line) {
    mix(static_cast<std::uint64_t>(at.count()));
    mix(line);
    if (sink_) sink_(at, line);
  }
  /// For people alone: not a part of the hash.
  void explain(Duration at, std::string_view line) {
    if (sink_) sink_(at, line);
  }
  bool wanted() const { return static_cast<bool>(sink_); }
  void show(Sink sink) { sink_ = std::move(sink); }
  std::uint64_t hash() const { return hash_; }

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325ULL;
  Sink sink_;
};

}  // namespace calsync::simulation
