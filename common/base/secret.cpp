// SPDX-License-Identifier: Apache-2.0
#include "common/base/secret.hpp"

#include <openssl/crypto.h>

namespace calsync {

void Secret::wipe() noexcept {
  if (!text_.empty()) OPENSSL_cleanse(text_.data(), text_.size());
  text_.clear();
}

}  // namespace calsync
