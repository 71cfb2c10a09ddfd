// SPDX-License-Identifier: Apache-2.0
#include "common/net/gzip.hpp"

#include <algorithm>
#include <boost/beast/zlib/error.hpp>
#include <boost/beast/zlib/inflate_stream.hpp>
#include <boost/crc.hpp>
#include <cstdint>
#include <optional>

namespace calsync::net {
namespace {

namespace zlib = boost::beast::zlib;

constexpr std::size_t header_bytes = 10;
constexpr std::size_t trailer_bytes = 8;

/// Servers send one; each costs its own tables, so a body of a million empty ones would hold up the thread for seconds.
constexpr int max_members = 1000;

Error broken(std::string_view why) { return fail(Failure::malformed, "the gzip body " + std::string(why)); }
Error too_large(std::size_t max_bytes) { return broken("is larger than " + std::to_string(max_bytes) + " bytes"); }

std::uint32_t little_endian(std::string_view bytes, std::size_t at, std::size_t count) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  }
  return value;
}

/// Where the compressed data starts (RFC 1952 section 2.3), or nothing when this is no gzip header.
std::optional<std::size_t> header_end(std::string_view bytes) {
  enum Flags : unsigned { header_crc = 2, extra = 4, name = 8, comment = 16, reserved = 0xe0 };
  if (bytes.size() < header_bytes || !bytes.starts_with("\x1f\x8b\x08")) return std::nullopt;
  const auto flags = static_cast<unsigned char>(bytes[3]);
  if (flags & reserved) return std::nullopt;
  std::size_t at = header_bytes;
  if (flags & extra) {
    if (bytes.size() < at + 2) return std::nullopt;
    at += 2 + little_endian(bytes, at, 2);
  }
  for (const unsigned text : {name, comment}) {
    if (!(flags & text)) continue;
    const auto zero = bytes.find('\0', at);
    if (zero == std::string_view::npos) return std::nullopt;
    at = zero + 1;
  }
  if (flags & header_crc) at += 2;
  return at <= bytes.size() ? std::optional(at) : std::nullopt;
}

/// Beast may have taken whole bytes beyond the end of the deflate stream into its bit buffer; the low six bits of
/// data_type count what is left there.
std::size_t unused_bytes(const zlib::z_params& state) { return static_cast<std::size_t>(state.data_type & 63) / 8; }

/// Appends one member's content to `out`; the number of deflate bytes it took.
Result<std::size_t> inflate(std::string_view bytes, std::string& out, std::size_t max_bytes) {
  zlib::inflate_stream stream;
  zlib::z_params state{};
  state.next_in = bytes.data();
  state.avail_in = bytes.size();
  constexpr std::size_t first_step = 16 * 1024;
  const auto before = out.size();
  auto produced = before;
  for (;;) {
    if (produced == out.size()) {
      if (produced > max_bytes) return too_large(max_bytes);
      // One byte more than allowed, so that a body of exactly the limit is told from a longer one.
      out.resize(std::min(out.size() + std::max(first_step, produced - before), max_bytes + 1));
    }
    state.next_out = out.data() + produced;
    state.avail_out = out.size() - produced;
    boost::beast::error_code error;
    stream.write(state, zlib::Flush::sync, error);
    produced = out.size() - state.avail_out;
    if (error == zlib::error::end_of_stream) break;
    if (error == zlib::error::need_buffers && state.avail_out > 0) return broken("is cut short");
    if (error && error != zlib::error::need_buffers) return broken("is not valid deflate data");
  }
  out.resize(produced);
  return bytes.size() - state.avail_in - unused_bytes(state);
}

/// Appends the first member of `bytes` to `out`; the number of bytes it took.
Result<std::size_t> read_member(std::string_view bytes, std::string& out, std::size_t max_bytes) {
  const auto start = header_end(bytes);
  if (!start) return broken("does not start as gzip");
  const auto before = out.size();
  const auto taken = inflate(bytes.substr(*start), out, max_bytes);
  if (!taken) return taken.error();
  if (out.size() > max_bytes) return too_large(max_bytes);
  const auto trailer = *start + *taken;
  if (bytes.size() - trailer < trailer_bytes) return broken("is cut short");
  boost::crc_32_type crc;
  crc.process_bytes(out.data() + before, out.size() - before);
  if (crc.checksum() != little_endian(bytes, trailer, 4)) return broken("has a wrong checksum");
  if (static_cast<std::uint32_t>(out.size() - before) != little_endian(bytes, trailer + 4, 4)) {
    return broken("has a wrong length");
  }
  return trailer + trailer_bytes;
}

}  // namespace

Result<std::string> gunzip(std::string_view compressed, std::size_t max_bytes) {
  std::string out;
  for (int members = 0; members < max_members; ++members) {
    const auto taken = read_member(compressed, out, max_bytes);
    if (!taken) return taken.error();
    compressed.remove_prefix(*taken);
    if (compressed.empty()) return out;
  }
  return broken("has too many members");
}

}  // namespace calsync::net
