// SPDX-License-Identifier: Apache-2.0
#include "graph_id.hpp"

#include "tests/emulator/digest.hpp"

namespace calsync::emulator::microsoft {
namespace {

// First bytes as in ids that are seen: AAMkA…, AAkALg….
constexpr std::string_view usual_head("\x00\x03\x24\x00", 4);
constexpr std::string_view immutable_head(
    "\x00\x09\x00\x2e\x00\x00\x00\x00\x00\x1d\x84\x03\x11\xaa\x66\x11\xcd\x9b\xc8\x00\xaa\x00\x2f\x84\x5a\x0d\x00", 27);
constexpr std::size_t usual_size = 4 + 36 + 4 + 8 + 4, immutable_size = 27 + 16 + 8 + 4;

std::string number_bytes(std::uint32_t number) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift & 0xff);
  return bytes;
}

std::uint32_t read_number(std::string_view bytes) {
  std::uint32_t number = 0;
  for (const char c : bytes) number = number << 8 | static_cast<unsigned char>(c);
  return number;
}

std::string usual_owner(const Mailbox& mailbox) { return guid_of(sha256("mailbox\n" + mailbox.email)); }
std::string immutable_owner(const Mailbox& mailbox) { return sha256("mailbox\n" + mailbox.email).substr(0, 16); }

std::string encode(std::string bytes) {
  while (bytes.size() % 3 != 2) bytes += '\0';
  return base64url(bytes) + "=";
}

}  // namespace

std::string folder_id(const Mailbox& mailbox, std::uint32_t number) {
  return encode(std::string(usual_head) + usual_owner(mailbox) + number_bytes(number));
}

std::string item_id(const Folder& folder, const Item& item, bool immutable, std::optional<std::int64_t> day) {
  // 0 stands for no day, so that the item and its occurrences differ.
  const std::string suffix = number_bytes(day ? static_cast<std::uint32_t>(*day + 1000000) : 0);
  const Mailbox& mailbox = folder.mailbox;
  if (immutable) return encode(std::string(immutable_head) + immutable_owner(mailbox) + item.key + suffix);
  return encode(std::string(usual_head) + usual_owner(mailbox) + number_bytes(folder.number) + item.key + suffix);
}

bool ItemRef::of(const Mailbox& mailbox) const {
  return owner == (folder == 0 ? immutable_owner(mailbox) : usual_owner(mailbox));
}

std::optional<ItemRef> read_item_id(std::string_view id) {
  if (id.empty() || id.back() != '=') return std::nullopt;
  const auto decoded = decode_base64(id);
  if (!decoded) return std::nullopt;
  std::string_view bytes = *decoded;
  ItemRef ref;
  if (bytes.starts_with(usual_head) && bytes.size() >= usual_size) {
    ref.owner = bytes.substr(4, 36);
    ref.folder = read_number(bytes.substr(40, 4));
    bytes = bytes.substr(44);
  } else if (bytes.starts_with(immutable_head) && bytes.size() >= immutable_size) {
    ref.owner = bytes.substr(27, 16);
    bytes = bytes.substr(43);
  } else {
    return std::nullopt;
  }
  ref.key = bytes.substr(0, 8);
  if (const std::uint32_t day = read_number(bytes.substr(8, 4)); day != 0) ref.day = std::int64_t{day} - 1000000;
  return ref;
}

}  // namespace calsync::emulator::microsoft
