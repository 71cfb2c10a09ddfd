// SPDX-License-Identifier: Apache-2.0
// One user's mailbox, its calendars, and the order of their changes.
#pragma once

#include <memory>
#include <vector>

#include "graph_event.hpp"
#include "tests/emulator/text.hpp"

namespace calsync::emulator::microsoft {

class Mailbox;

// An item's place in the order of changes of a calendar that has it or had it.
struct Trace {
  Item* item = nullptr;
  std::uint64_t change = 0;
  std::int64_t time_ms = 0;
  bool gone = false;  // deleted, or in another calendar now
};

// A calendar. Several mailboxes may list it; it is of one.
class Folder {
 public:
  Folder(Mailbox& of, std::uint32_t at, std::string title);

  Mailbox& mailbox;
  const std::uint32_t number;
  const std::string id;
  std::string name, color = "auto";
  bool standard = false;  // the default calendar
  bool removed = false;
  std::uint64_t change_key;
  std::uint64_t epoch;           // delta tokens of another one are unknown
  std::uint64_t generation = 0;  // counts deltaLinks

  std::uint64_t last_change() const { return last_change_; }
  const std::map<std::uint64_t, Item*>& order() const { return order_; }
  const Trace* trace(const Item& item) const;
  void note(Item& item, bool gone);
  std::vector<Item*> living() const;  // in order of their latest change
  std::uint64_t& page_of_round(std::uint64_t round) { return rounds_[round]; }

 private:
  std::map<std::uint64_t, Item*> order_;
  std::map<const Item*, Trace> traces_;
  std::map<std::uint64_t, std::uint64_t> rounds_;  // the last page asked for
  std::uint64_t last_change_ = 0;
};

// A calendar as one mailbox lists it.
struct Listing {
  Folder* folder = nullptr;
  bool can_edit = true;
};

enum class ChangeKind : std::uint8_t { created, updated, deleted };
struct Mark {
  Folder* folder = nullptr;
  Item* item = nullptr;
  ChangeKind kind = ChangeKind::updated;
};

class Mailbox {
 public:
  Mailbox(std::string address, std::string display_name, std::string tenant_id, bool personal_account,
          std::vector<Mark>& marks);

  const std::string email, tenant, id;  // id: the object id, or 16 digits of a personal account
  const std::string oid;                // as id_tokens have it
  const bool personal;
  std::string name;
  const Zone* zone = utc_zone();
  bool enabled = true;  // has a mailbox at all
  std::set<std::string> granted;

  Folder& add_folder(const std::string& title);
  Folder* default_folder() const { return folders_.empty() ? nullptr : folders_.front().get(); }
  const std::vector<std::unique_ptr<Folder>>& folders() const { return folders_; }
  std::vector<Listing> listings;
  Listing* listing(std::string_view folder_id);

  Item* find(std::string_view key) const;
  Item* with_transaction(std::string_view id) const;
  Item& add(std::unique_ptr<Item> item, Folder& folder);
  void touch(Item& item, bool announce = true);  // new change key, last in its calendar's order
  void remove(Item& item);
  void move(Item& item, Folder& to);

  // Of Graph requests; the first count outlives the mailbox.
  std::shared_ptr<std::int64_t> in_flight = std::make_shared<std::int64_t>(0);
  std::int64_t window_start_ms = 0, window_calls = 0;
  std::vector<std::pair<std::int64_t, std::string>> due_touches;  // graph_after_write_ms

 private:
  std::vector<Mark>& marks_;
  std::vector<std::unique_ptr<Folder>> folders_;
  std::map<std::string, std::unique_ptr<Item>, std::less<>> items_;
  StringMap<Item*> by_transaction_;  // the latest that has it
};

std::string change_key_text(const Mailbox& mailbox, std::uint64_t key);
std::string guid_of(std::string_view bytes);  // from 16 bytes or more
std::string random_guid();

}  // namespace calsync::emulator::microsoft
