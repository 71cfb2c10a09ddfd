// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tuple>

#include "common/base/metrics.hpp"
#include "tests/simulation/database/indexes.hpp"
#include "tests/simulation/database/rows.hpp"
#include "tests/simulation/database/table.hpp"

namespace calsync::simulation {

/// Two-part keys: connection and what is unique within it.
using OfConnection = std::pair<std::string, std::string>;
using MetricKey = std::pair<std::string, MetricLabels>;

struct Tables {
  Table<std::string, OwnerRow> owners{};
  Table<std::string, ConnectionRow, ConnectionIndex> connections{};
  Table<OfConnection, CredentialRow> credentials{};  ///< connection, kind
  Table<OfConnection, CalendarRow> calendars{};      ///< connection, calendar
  Table<EventKey, EventRow, EventIndex> events{};
  Table<OfConnection, StagedReadRow> staged_reads{};  ///< connection, calendar
  Table<EventKey, EventRow> staged_events{};
  Table<OfConnection, RunRow> runs{};  ///< sync_id, finished_at
  Table<std::string, JobRunRow> job_runs{};
  Table<JobItemKey, JobItemRow, JobItemIndex> job_items{};
  Table<std::string, ChannelRow, ChannelIndex> channels{};
  Table<std::string, AbandonedRow> abandoned{};
  Table<std::string, RevocationRow> revocations{};
  Table<std::string, WorkerRow> workers{};
  Table<std::string, GateRow> gates{};
  Table<std::int64_t, StateRow> states{};
  Table<OfConnection, BucketRow> buckets{};                                   ///< scope, key
  Table<std::tuple<std::string, std::string, std::string>, SlotRow> slots{};  ///< scope, key, holder
  Table<OfConnection, CircuitRow> circuits{};                                 ///< provider, host
  Table<std::string, MetricBatchRow> metric_batches{};
  Table<MetricKey, double> metrics{};

  template <class Visit>
  void each(Visit visit) {
    visit(owners);
    visit(connections);
    visit(credentials);
    visit(calendars);
    visit(events);
    visit(staged_reads);
    visit(staged_events);
    visit(runs);
    visit(job_runs);
    visit(job_items);
    visit(channels);
    visit(abandoned);
    visit(revocations);
    visit(workers);
    visit(gates);
    visit(states);
    visit(buckets);
    visit(slots);
    visit(circuits);
    visit(metric_batches);
    visit(metrics);
  }
};

}  // namespace calsync::simulation
