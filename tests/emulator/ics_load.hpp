// SPDX-License-Identifier: Apache-2.0
// Loading .ics files as Google calendars and as feeds. Every VEVENT is accounted for: loaded, rejected or superseded.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "provider.hpp"

namespace calsync::emulator {

struct Rejection {
  std::string uid, reason;
};

struct ImportReport {
  std::string file, feed, calendar_id, summary, error;
  std::size_t vevents = 0, loaded = 0, superseded = 0;
  std::vector<Rejection> rejected;
  std::map<std::string, std::size_t> ignored;  // VTODO, VJOURNAL, …
};

// An empty `calendar_id` makes a new calendar.
ImportReport import_ics(Provider& provider, Account& account, const std::string& bytes, std::string calendar_id,
                        std::string summary);
std::vector<ImportReport> load_directory(Provider& provider, Account& account, const std::string& directory);
std::string read_calendar_file(const std::string& path);
// The .ics files below a folder, by their paths in it, sorted.
std::vector<std::string> calendar_files(const std::string& directory);
std::string report_json(const ImportReport& report);
// What load-directory answers.
std::string reports_json(const std::string& email, const std::vector<ImportReport>& reports);

}  // namespace calsync::emulator
