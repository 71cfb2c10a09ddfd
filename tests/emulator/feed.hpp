// SPDX-License-Identifier: Apache-2.0
// The ICS feed server: files under /feeds/ with validators and conditional requests (RFC 9110 section 13).
#pragma once

#include <map>
#include <string>

#include "http_message.hpp"

namespace calsync::emulator {

struct Feed {
  std::string text, content_type = "text/calendar; charset=UTF-8", etag;
  std::int64_t modified_ms = 0;
  bool sends_etag = true, sends_last_modified = true;
  unsigned gone_status = 0;         // 404 or 410 after it was removed
  bool ignores_validators = false;  // the next answer is whole, whatever the client has
};

class FeedStore {
 public:
  Feed& put(const std::string& name, std::string text);
  Feed* find(std::string_view name);
  const std::map<std::string, Feed, std::less<>>& all() const { return feeds_; }
  bool erase(const std::string& name) { return feeds_.erase(name) > 0; }
  void clear() { feeds_.clear(); }
  std::string free_name(
      std::string_view wanted) const;  // a name for a path, made of characters a URL takes as they are

  Response answer(const Request& request);  // GET /feeds/{name}.ics

 private:
  std::map<std::string, Feed, std::less<>> feeds_;
};

}  // namespace calsync::emulator
