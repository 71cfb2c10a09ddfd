// SPDX-License-Identifier: Apache-2.0
#include "seed.hpp"

#include <algorithm>
#include <cstring>
#include <random>

#include "clock.hpp"
#include "digest.hpp"

namespace calsync::emulator {
namespace {

std::optional<std::mt19937_64> generator;
std::uint64_t last_etag = 0, last_epoch = 0;

std::uint64_t first_epoch() {
  const std::string bytes = random_bytes(4);
  std::uint32_t seed = 0;
  std::memcpy(&seed, bytes.data(), 4);
  return std::uint64_t{seed} << 20;
}

}  // namespace

void seed_world(std::optional<std::uint64_t> seed) {
  generator.reset();
  if (seed) generator.emplace(*seed);
  last_etag = last_epoch = 0;
}

bool seeded() { return generator.has_value(); }

std::string seeded_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  for (std::size_t at = 0; at < count; at += 8) {
    const std::uint64_t drawn = (*generator)();
    std::memcpy(bytes.data() + at, &drawn, std::min<std::size_t>(8, count - at));
  }
  return bytes;
}

std::uint64_t next_etag() {
  last_etag = std::max(last_etag + 2, static_cast<std::uint64_t>(now_ms()) * 2000);
  return last_etag;
}

std::uint64_t new_token_epoch() {
  if (last_epoch == 0) last_epoch = first_epoch();
  return ++last_epoch;
}

}  // namespace calsync::emulator
