// SPDX-License-Identifier: Apache-2.0
#include "common/runtime/os_random.hpp"

#include <openssl/rand.h>

#include <limits>
#include <stdexcept>

namespace calsync {

std::string OsRandom::bytes(std::size_t count) {
  if (count > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    throw std::invalid_argument("more random bytes at once than OpenSSL can count");
  }
  std::string out(count, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(count)) != 1) {
    throw std::runtime_error("the operating system gave no random bytes");
  }
  return out;
}

}  // namespace calsync
