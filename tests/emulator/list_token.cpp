// SPDX-License-Identifier: Apache-2.0
#include "list_token.hpp"

#include <array>

#include "digest.hpp"

namespace calsync::emulator {
namespace {

constexpr std::uint64_t checksum_seed = 0x63616c73796e63;

void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

std::optional<std::uint64_t> take_varint(std::string_view& in) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && !in.empty(); shift += 7) {
    const unsigned char byte = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    value |= std::uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return value;
  }
  return std::nullopt;
}

std::string checksum(std::string_view data) {
  std::string out;
  append_varint(out, fnv1a(data, checksum_seed) & 0xffffffff);
  return out;
}

}  // namespace

std::string encode_token(const ListToken& token) {
  std::string data(1, token.is_page ? 'P' : 'S');
  for (const std::uint64_t value :
       {token.owner, token.parameters, token.epoch, token.since, token.snapshot, token.major, token.minor, token.page})
    append_varint(data, value);
  std::string text = base64url(data + checksum(data));
  // Real tokens end with padding, which clients must percent-encode in a query.
  text.append((4 - text.size() % 4) % 4, '=');
  return text;
}

std::optional<ListToken> decode_token(std::string_view text) {
  const auto data = decode_base64(text);
  if (!data || data->size() < 10 || (data->front() != 'P' && data->front() != 'S')) return std::nullopt;
  std::string_view rest(*data);
  rest.remove_prefix(1);
  std::array<std::uint64_t, 8> values{};
  for (std::uint64_t& value : values) {
    const auto taken = take_varint(rest);
    if (!taken) return std::nullopt;
    value = *taken;
  }
  if (rest != checksum(std::string_view(*data).substr(0, data->size() - rest.size()))) return std::nullopt;
  return ListToken{
      data->front() == 'P', values[0], values[1], values[2], values[3], values[4], values[5], values[6], values[7]};
}

}  // namespace calsync::emulator
