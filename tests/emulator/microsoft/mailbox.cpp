// SPDX-License-Identifier: Apache-2.0
#include "mailbox.hpp"

#include <algorithm>

#include "graph_id.hpp"
#include "tests/emulator/clock.hpp"
#include "tests/emulator/digest.hpp"
#include "tests/emulator/seed.hpp"

namespace calsync::emulator::microsoft {

Folder::Folder(Mailbox& of, std::uint32_t at, std::string title)
    : mailbox(of),
      number(at),
      id(folder_id(of, at)),
      name(std::move(title)),
      change_key(next_etag()),
      epoch(new_token_epoch()) {}

const Trace* Folder::trace(const Item& item) const {
  const auto found = traces_.find(&item);
  return found == traces_.end() ? nullptr : &found->second;
}

void Folder::note(Item& item, bool gone) {
  Trace& trace = traces_[&item];
  if (trace.change != 0) order_.erase(trace.change);
  trace = {&item, ++last_change_, now_ms(), gone};
  order_.emplace_hint(order_.end(), trace.change, &item);
}

std::vector<Item*> Folder::living() const {
  std::vector<Item*> found;
  for (const auto& [change, item] : order_)
    if (!trace(*item)->gone) found.push_back(item);
  return found;
}

Mailbox::Mailbox(std::string address, std::string display_name, std::string tenant_id, bool personal_account,
                 std::vector<Mark>& marks)
    : email(std::move(address)),
      tenant(std::move(tenant_id)),
      id(personal_account ? hex(sha256("puid\n" + email)).substr(0, 16) : guid_of(sha256("oid\n" + email))),
      oid(personal_account ? "00000000-0000-0000-" + id.substr(0, 4) + "-" + id.substr(4) : id),
      personal(personal_account),
      name(std::move(display_name)),
      marks_(marks) {}

Folder& Mailbox::add_folder(const std::string& title) {
  Folder& folder =
      *folders_.emplace_back(std::make_unique<Folder>(*this, static_cast<std::uint32_t>(folders_.size() + 1), title));
  folder.standard = folders_.size() == 1;
  listings.push_back({&folder, true});
  return folder;
}

Listing* Mailbox::listing(std::string_view folder_id) {
  for (Listing& row : listings)
    if (row.folder->id == folder_id && !row.folder->removed) return &row;
  return nullptr;
}

Item* Mailbox::find(std::string_view key) const {
  const auto found = items_.find(key);
  return found == items_.end() ? nullptr : found->second.get();
}

Item* Mailbox::with_transaction(std::string_view transaction) const {
  const auto found = by_transaction_.find(transaction);
  return found == by_transaction_.end() || found->second->deleted ? nullptr : found->second;
}

Item& Mailbox::add(std::unique_ptr<Item> added, Folder& folder) {
  if (added->key.empty()) added->key = random_bytes(8);
  const std::string key = added->key;
  auto& slot = items_[key];
  if (slot) {  // the same file loaded again
    Item& known = *slot;
    added->created_ms = known.created_ms;
    known = std::move(*added);
    known.folder = &folder;
    touch(known);
    return known;
  }
  slot = std::move(added);
  Item& item = *slot;
  item.folder = &folder;
  if (!item.transaction_id.empty()) by_transaction_.insert_or_assign(item.transaction_id, &item);
  if (item.created_ms == 0) item.created_ms = now_ms();
  touch(item, false);
  marks_.push_back({&folder, &item, ChangeKind::created});
  return item;
}

void Mailbox::touch(Item& item, bool announce) {
  item.change_key = next_etag();
  item.modified_ms = now_ms();
  item.folder->note(item, false);
  if (announce) marks_.push_back({item.folder, &item, ChangeKind::updated});
}

void Mailbox::remove(Item& item) {
  item.deleted = true;
  item.change_key = next_etag();
  item.folder->note(item, true);
  marks_.push_back({item.folder, &item, ChangeKind::deleted});
}

void Mailbox::move(Item& item, Folder& to) {
  item.folder->note(item, true);
  marks_.push_back({item.folder, &item, ChangeKind::deleted});
  item.folder = &to;
  touch(item, false);
  marks_.push_back({&to, &item, ChangeKind::created});
}

std::string change_key_text(const Mailbox& mailbox, std::uint64_t key) {
  std::string bytes("\x0f\0\0\0\x16\0\0\0", 8);
  bytes += sha256(mailbox.email).substr(0, 8);
  for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(key >> shift & 0xff);
  return base64(bytes);
}

std::string guid_of(std::string_view bytes) {
  std::string raw(bytes.substr(0, 16));
  raw[6] = static_cast<char>((raw[6] & 0x0f) | 0x40);  // RFC 9562, version 4
  raw[8] = static_cast<char>((raw[8] & 0x3f) | 0x80);
  std::string text = hex(raw);
  for (const std::size_t at : {20u, 16u, 12u, 8u}) text.insert(at, "-");
  return text;
}

std::string random_guid() { return guid_of(random_bytes(16)); }

}  // namespace calsync::emulator::microsoft
