// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/providers/google/google_options.hpp"
#include "common/providers/provider.hpp"

namespace calsync::google {

/// The Calendar API v3, read. The clock turns a Retry-After date into a duration; nothing here waits.
class GoogleReader final : public providers::EventReader {
 public:
  GoogleReader(Options options, net::HttpTransport& transport, const Clock& clock)
      : options_(std::move(options)), transport_(transport), clock_(clock) {}

  Task<Result<providers::Page<providers::CalendarChange>>> list_calendars(providers::Session session,
                                                                          std::string cursor,
                                                                          std::string page) override;
  Task<Result<providers::Page<providers::EventChange>>> list_events(providers::Session session, std::string calendar_id,
                                                                    std::string cursor, std::string page) override;

 private:
  Options options_;
  net::HttpTransport& transport_;
  const Clock& clock_;
};

}  // namespace calsync::google
