// SPDX-License-Identifier: Apache-2.0
#include "jwt.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <memory>
#include <stdexcept>

#include "digest.hpp"
#include "json.hpp"
#include "seed.hpp"

namespace calsync::emulator {
namespace {

constexpr std::string_view key_id = "emulator-key-1";

template <auto release>
struct Release {
  template <class T>
  void operator()(T* object) const {
    release(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY_free>>;

EVP_PKEY* signing_key() {
  static const Key key(EVP_RSA_gen(2048));
  if (!key) throw std::runtime_error("no RSA key could be made");
  return key.get();
}

// Of a seeded world: a key would differ from run to run, and signing takes longer than all the rest of an answer.
std::string stand_in_signature(const std::string& text) {
  std::string signature;
  for (int part = 0; part < 8; ++part) signature += sha256(std::to_string(part) + text);
  return signature;
}

std::string sign(const std::string& text) {
  if (seeded()) return stand_in_signature(text);
  const std::unique_ptr<EVP_MD_CTX, Release<EVP_MD_CTX_free>> context(EVP_MD_CTX_new());
  std::size_t length = 0;
  const auto* data = reinterpret_cast<const unsigned char*>(text.data());
  if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, signing_key()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &length, data, text.size()) != 1)
    throw std::runtime_error("signing failed");
  std::string signature(length, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &length, data, text.size()) !=
      1)
    throw std::runtime_error("signing failed");
  signature.resize(length);
  return signature;
}

std::string key_number(const char* name) {
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(signing_key(), name, &raw) != 1) throw std::runtime_error("the key cannot be read");
  const std::unique_ptr<BIGNUM, Release<BN_free>> number(raw);
  std::string bytes(static_cast<std::size_t>(BN_num_bytes(number.get())), '\0');
  BN_bn2bin(number.get(), reinterpret_cast<unsigned char*>(bytes.data()));
  return base64url(bytes);
}

}  // namespace

std::string signed_token(std::string_view claims) {
  std::string header;
  {
    ObjectWriter object(header);
    object.text("alg", "RS256");
    object.text("kid", key_id);
    object.text("typ", "JWT");
  }
  const std::string text = base64url(header) + "." + base64url(claims);
  return text + "." + base64url(sign(text));
}

std::string key_set_json() {
  std::string key;
  {
    ObjectWriter object(key);
    object.text("kty", "RSA");
    object.text("alg", "RS256");
    object.text("use", "sig");
    object.text("kid", key_id);
    object.text("n", key_number(OSSL_PKEY_PARAM_RSA_N));
    object.text("e", key_number(OSSL_PKEY_PARAM_RSA_E));
  }
  return R"({"keys":[)" + key + "]}";
}

}  // namespace calsync::emulator
