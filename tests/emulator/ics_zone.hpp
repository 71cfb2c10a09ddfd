// SPDX-License-Identifier: Apache-2.0
// From the TZID of a file to an IANA zone, because Google stores nothing else.
#pragma once

#include <map>
#include <memory>

#include "ics_text.hpp"
#include "zone.hpp"

struct _icaltimezone;

namespace calsync::emulator {

struct FileZone {
  const Zone* zone = nullptr;           // the IANA zone, when one was found
  struct _icaltimezone* own = nullptr;  // else the definition in the file
  std::int64_t to_utc(std::int64_t local_seconds) const;
};

class FileZones {
 public:
  FileZones(const std::vector<IcsComponent>& components, const Zone* calendar_zone);
  ~FileZones();
  FileZones(const FileZones&) = delete;
  FileZones& operator=(const FileZones&) = delete;

  const Zone* calendar_zone() const { return calendar_zone_; }
  // `near` chooses the years in which a definition without a usable name is compared with the known zones.
  FileZone resolve(std::string_view tzid, std::int64_t near);

 private:
  struct Definition {
    std::string location;
    struct _icaltimezone* zone = nullptr;
  };
  const Zone* matching_zone(struct _icaltimezone* definition, std::int64_t near) const;

  const Zone* calendar_zone_;
  std::map<std::string, Definition, std::less<>> definitions_;
  std::map<std::string, FileZone, std::less<>> resolved_;
};

const Zone* zone_by_any_name(std::string_view name);  // IANA, a path that ends in one, Windows

}  // namespace calsync::emulator
