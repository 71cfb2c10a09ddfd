// SPDX-License-Identifier: Apache-2.0
#include "common/calendar/unreadable.hpp"

#include "common/base/crypto.hpp"
#include "common/base/json.hpp"
#include "common/base/json_slices.hpp"

namespace calsync::calendar {
namespace {

/// JSON for a jsonb column that still holds every byte of `raw`, which is no storable JSON itself.
std::string wrap_unparsed(std::string_view raw) {
  std::string wrapped = json::Writer().begin_object().put("unparsed", raw).end_object().text();
  const bool storable = raw.find('\0') == std::string_view::npos && json::parse(wrapped).has_value();
  return storable ? wrapped
                  : json::Writer().begin_object().put("unparsed_base64url", base64url(raw)).end_object().text();
}

std::string id_of_broken(std::string_view raw) {
  const auto slice = json::member_slice(raw, "id");
  const auto id = slice ? json::parse(*slice) : Result<json::Document>(fail(Failure::malformed, "no id"));
  const bool usable = id && id->IsString() && id->GetStringLength() > 0;
  return usable ? std::string(id->GetString(), id->GetStringLength()) : made_up_id(raw);
}

}  // namespace

std::string raw_fingerprint(std::string_view raw) { return "sha256:" + sha256_hex(raw); }

std::string made_up_id(std::string_view raw) { return "unidentified-" + sha256_hex(raw).substr(0, 32); }

EventUnreadable broken_item(std::string_view raw, std::string reason) {
  return {id_of_broken(raw), {}, std::move(reason), wrap_unparsed(raw), raw_fingerprint(raw)};
}

}  // namespace calsync::calendar
