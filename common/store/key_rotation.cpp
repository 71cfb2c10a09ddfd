// SPDX-License-Identifier: Apache-2.0
#include "common/store/key_rotation.hpp"

#include <algorithm>
#include <numeric>

#include "common/base/json.hpp"
#include "common/store/credential_store.hpp"
#include "common/store/oauth_flow_store.hpp"
#include "common/store/revocation_context.hpp"

namespace calsync::store {
namespace {

constexpr std::size_t most_examples = 20;
/// What others hold, or go on sealing with another key, is looked for so often: about ten seconds.
constexpr int most_passes = 40;
constexpr std::chrono::milliseconds between_passes{250};

struct SealedRow {
  std::string bound_to;
  std::string owner;
  std::string provider;
  std::string kind;
};

SealContext context_of_credential(const SealedRow& row) {
  const std::string_view kind = row.kind.empty() ? credential_kind_name(CredentialKind::refresh_token) : row.kind;
  return credential_context(ConnectionId::trusted(row.bound_to), OwnerId::trusted(row.owner), row.provider, kind);
}

SealContext context_of_revocation(const SealedRow& row) {
  return revocation_context(row.bound_to, row.owner, row.provider);
}

SealContext context_of_flow(const SealedRow& row) { return verifier_context(row.bound_to, row.owner, row.provider); }

SealedRow read(const db::Rows& rows, int row) {
  return {std::string(rows.text(row, "bound_to")), std::string(rows.text(row, "owner")),
          std::string(rows.text(row, "provider")), std::string(rows.text(row, "kind"))};
}

}  // namespace

struct KeyRotation::Table {
  std::string_view name;
  const sql::Query* read;
  const sql::Query* replace;
  SealContext (*context)(const SealedRow&);
  bool names_key;  ///< a column beside the text says which key it was
};

struct KeyRotation::Pass {
  std::array<std::int64_t, RotationReport::nouns.size()> resealed{};
  std::int64_t held = 0;
  std::int64_t unopened = 0;
  std::vector<Unopened> examples{};
};

const std::array<KeyRotation::Table, RotationReport::nouns.size()>& KeyRotation::tables() {
  // Deleting a connection copies its token from the first to the second: in this order it cannot slip through.
  static const std::array<Table, RotationReport::nouns.size()> all{
      Table{"external_calendar_credentials", &sql::sealed_credentials, &sql::sealed_credentials_replace,
            context_of_credential, true},
      Table{"calendar_abandoned_channels", &sql::sealed_channels, &sql::sealed_channels_replace, context_of_credential,
            false},
      Table{"calendar_revocations", &sql::sealed_revocations, &sql::sealed_revocations_replace, context_of_revocation,
            false},
      Table{"calendar_oauth_flows", &sql::sealed_flows, &sql::sealed_flows_replace, context_of_flow, false}};
  return all;
}

std::string KeyRotation::sealed_anew(const Table& table, const db::Rows& rows, Pass& pass, std::int64_t& opened) {
  json::Writer writer;
  writer.begin_array();
  for (int row = 0; row < rows.size(); ++row) {
    const SealContext context = table.context(read(rows, row));
    const std::string_view sealed = rows.text(row, "sealed");
    const Result<Secret> secret = keys_.open(sealed, context);
    if (secret) {
      ++opened;
      writer.begin_object().put("id", rows.text(row, "id")).put("kind", rows.text(row, "kind"));
      writer.put("old", sealed).put("new", keys_.seal(*secret, context, random_)).end_object();
    } else if (rows.flag(row, "needed")) {
      ++pass.unopened;
      if (pass.examples.size() >= most_examples) continue;
      const std::string kind(rows.text(row, "kind"));
      pass.examples.push_back({std::string(table.name),
                               std::string(rows.text(row, "id")) + (kind.empty() ? "" : " ") + kind,
                               KeyRing::key_of(sealed), secret.error().message});
    }
  }
  writer.end_array();
  return writer.text();
}

Task<void> KeyRotation::reseal_table(const Table& table, std::int64_t& resealed, Pass& pass) {
  std::string id;
  std::string kind;
  for (;;) {
    db::Values page{keys_.active_key(), id, kind};
    const db::Rows rows = co_await pool_.query(*table.read, std::move(page));
    if (rows.empty()) co_return;
    // Onwards in any case: what cannot be opened must not keep the rest from its turn.
    id = rows.text(rows.size() - 1, "id");
    kind = rows.text(rows.size() - 1, "kind");
    std::int64_t opened = 0;
    db::Values values{sealed_anew(table, rows, pass, opened)};
    if (opened == 0) continue;
    if (table.names_key) values.emplace_back(keys_.active_key());
    const db::Rows replaced = co_await pool_.query(*table.replace, std::move(values));
    resealed += replaced.size();
    pass.held += opened - replaced.size();
  }
}

Task<RotationReport> KeyRotation::run() {
  RotationReport report;
  for (int number = 1; number <= most_passes; ++number) {
    Pass pass;
    for (std::size_t i = 0; i < tables().size(); ++i) {
      co_await reseal_table(tables()[i], pass.resealed[i], pass);
      report.resealed[i] += pass.resealed[i];
    }
    const std::int64_t done = std::accumulate(pass.resealed.begin(), pass.resealed.end(), std::int64_t{0});
    // After the first pass there is nothing but what was held, unless somebody has sealed more.
    if (number > 1) report.sealed_meanwhile += std::max<std::int64_t>(0, done - report.held);
    report.held = pass.held;
    report.unopened = pass.unopened;
    report.examples = std::move(pass.examples);
    if (done == 0 && pass.held == 0) break;
    co_await clock_.sleep(between_passes);
  }
  co_await audit(report);
  co_return report;
}

Task<void> KeyRotation::audit(const RotationReport& report) {
  json::Writer after;
  after.begin_object().put("key", keys_.active_key());
  for (std::size_t i = 0; i < report.nouns.size(); ++i) after.put(report.nouns[i], report.resealed[i]);
  after.put("left", report.left()).end_object();
  db::Values values{"rotate-keys", after.text()};
  co_await pool_.query(sql::audit_command, std::move(values));
}

}  // namespace calsync::store
