// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/base/json.hpp"
#include "common/store/bulk_store.hpp"
#include "common/store/operator_store.hpp"

namespace calsync::api {

// What operators read, as objects.
void put_line(json::Writer& writer, const store::ConnectionLine& line, Time now);
void put_preview(json::Writer& writer, const store::Preview& preview);  ///< count, by_provider, by_state, first
void put_folded(json::Writer& writer, const sync::FoldedEntry& folded);
void put_failed_event(json::Writer& writer, const store::FailedEvent& event);
void put_audit_line(json::Writer& writer, const store::AuditLine& line);
void put_job_line(json::Writer& writer, const store::JobRunLine& line);
void put_bulk(json::Writer& writer, const store::BulkView& bulk);

}  // namespace calsync::api
