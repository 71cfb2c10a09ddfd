// SPDX-License-Identifier: Apache-2.0
// What a process shares between the worlds that it makes one after another: randomness and counters.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace calsync::emulator {

// From now on all that is random follows from the seed, and what is counted (etags, token epochs) begins anew: two
// worlds of the same seed, clock and calls give the same bytes. Null brings the system's randomness back.
void seed_world(std::optional<std::uint64_t> seed);
bool seeded();
std::string seeded_bytes(std::size_t count);

std::uint64_t next_etag();        // twice the microseconds since the epoch, strictly growing
std::uint64_t new_token_epoch();  // differs between runs, so that tokens of an earlier run have expired

}  // namespace calsync::emulator
