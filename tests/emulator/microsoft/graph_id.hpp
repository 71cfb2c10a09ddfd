// SPDX-License-Identifier: Apache-2.0
// Ids of Outlook items: the usual ones name the folder and change with it, immutable ones do not
// ("Obtain immutable identifiers for Outlook resources"). Those of occurrences follow from series and day.
#pragma once

#include <optional>
#include <string>

#include "mailbox.hpp"

namespace calsync::emulator::microsoft {

std::string folder_id(const Mailbox& mailbox, std::uint32_t number);
std::string item_id(const Folder& folder, const Item& item, bool immutable, std::optional<std::int64_t> day = {});

struct ItemRef {
  std::string owner;         // what tells the mailbox
  std::uint32_t folder = 0;  // 0: an immutable id
  std::string key;
  std::optional<std::int64_t> day;
  bool of(const Mailbox& mailbox) const;
};
std::optional<ItemRef> read_item_id(std::string_view id);

}  // namespace calsync::emulator::microsoft
