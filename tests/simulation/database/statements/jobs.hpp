// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/store/job_run_store.hpp"
#include "tests/simulation/database/transaction.hpp"

/// sql/queries/jobs.sql, one function per statement, of its name.
namespace calsync::simulation::statements {

void job_run_add(Transaction& transaction, const std::string& id, const std::string& run_by,
                 const store::JobScope& scope);
void job_run_mark(Transaction& transaction, const std::string& run, const sync::GateSettings& gate,
                  const store::JobScope& scope);
void job_run_close(Transaction& transaction, const std::string& run);
/// Without the errors.
std::optional<store::JobRun> job_run_summary(Transaction& transaction, const std::string& run);
std::vector<std::pair<std::string, std::string>> job_run_errors(Transaction& transaction, const std::string& run);

}  // namespace calsync::simulation::statements
