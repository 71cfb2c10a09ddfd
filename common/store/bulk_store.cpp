// SPDX-License-Identifier: Apache-2.0
#include "common/store/bulk_store.hpp"

#include "common/base/json.hpp"
#include "common/store/connection_actions.hpp"

namespace calsync::store {
namespace {

BulkView read_view(const db::Rows& rows, int row) {
  BulkView view;
  view.id = rows.text(row, "id");
  view.actor = rows.text(row, "actor");
  view.actor_kind = rows.text(row, "actor_kind");
  view.action = rows.text(row, "action");
  view.reason = rows.text(row, "reason");
  view.filter = rows.text(row, "filter");
  if (!rows.is_null(row, "minutes")) view.minutes = rows.number(row, "minutes");
  view.cap = rows.number(row, "cap");
  view.matched = rows.number(row, "matched");
  view.touched = rows.number(row, "touched");
  view.skipped = rows.number(row, "skipped");
  view.state = rows.text(row, "state");
  view.note = rows.text(row, "note");
  view.stopped_by = rows.text(row, "stopped_by");
  view.created_at = rows.time(row, "created_at");
  view.finished_at = rows.time(row, "finished_at");
  return view;
}

std::string started_json(const std::string& id, const BulkRequest& request) {
  json::Writer writer;
  writer.begin_object().put("bulk_id", id).put_raw("filter", request.filter.json());
  writer.put("cap", request.cap).put("matched", request.expected).end_object();
  return writer.text();
}

std::string id_json(const std::string& id) {
  json::Writer writer;
  writer.begin_object().put("bulk_id", id).end_object();
  return writer.text();
}

Task<void> note_scope(db::Transaction& transaction, std::string after) {
  db::Values values{std::nullopt, std::nullopt, std::move(after)};
  co_await transaction->query(sql::audit_note_scope, std::move(values));
}

BulkPortion read_portion(const db::Rows& rows, const std::string& id) {
  BulkPortion portion;
  const auto ids = json::parse(rows.text(0, "ids"));
  for (const json::Value& one : ids.value().GetArray()) portion.connections.emplace_back(one.GetString());
  portion.action = parse_action(rows.text(0, "action")).value();
  if (!rows.is_null(0, "minutes")) portion.minutes = static_cast<int>(rows.number(0, "minutes"));
  portion.author = {std::string(rows.text(0, "actor")), std::string(rows.text(0, "actor_kind")),
                    std::string(rows.text(0, "action")), std::string(rows.text(0, "reason")) + " (bulk " + id + ")"};
  return portion;
}

std::vector<std::string> admitted(const db::Rows& rows, const BulkStore::Admits& admits) {
  std::vector<std::string> ids;
  for (int row = 0; row < rows.size(); ++row) {
    std::string id(rows.text(row, "id"));
    if (admits(std::string(rows.text(row, "provider_id")), id)) ids.push_back(std::move(id));
  }
  return ids;
}

db::Values passed_values(const std::string& id, std::size_t passed, std::size_t touched) {
  return {id, std::to_string(passed), std::to_string(touched)};
}

}  // namespace

Task<std::optional<std::string>> BulkStore::start(BulkRequest request) {
  db::Transaction transaction = co_await db::Transaction::begin(pool_);
  const std::string action(action_name(request.action));
  db::Values values{
      request.author.actor,
      request.author.kind,
      action,
      request.author.reason,
      request.action == OperatorAction::backoff ? db::Value(std::to_string(request.minutes)) : db::Value(),
      request.filter.json(),
      std::to_string(request.cap),
      std::to_string(request.expected)};
  const db::Rows rows = co_await transaction->query(sql::bulk_add, std::move(values));
  if (rows.empty()) {
    co_await transaction.rollback();
    co_return std::nullopt;
  }
  std::string id(rows.text(0, "id"));
  request.author.action = "bulk-" + action;
  co_await sign(transaction, request.author);
  co_await note_scope(transaction, started_json(id, request));
  co_await transaction.commit();
  co_return id;
}

Task<std::vector<BulkView>> BulkStore::read(db::Value id, int limit) {
  db::Values values{std::move(id), std::to_string(limit)};
  const db::Rows rows = co_await pool_.query(sql::bulk_find, std::move(values));
  std::vector<BulkView> views;
  for (int row = 0; row < rows.size(); ++row) views.push_back(read_view(rows, row));
  co_return views;
}

Task<std::optional<BulkView>> BulkStore::find(std::string id) {
  std::vector<BulkView> views = co_await read(std::move(id), 1);
  if (views.empty()) co_return std::nullopt;
  co_return std::move(views.front());
}

Task<std::vector<BulkView>> BulkStore::latest(int limit) { co_return co_await read(std::nullopt, limit); }

Task<bool> BulkStore::stop(std::string id, Author author) {
  db::Transaction transaction = co_await db::Transaction::begin(pool_);
  db::Values values{id, author.actor};
  const db::Rows rows = co_await transaction->query(sql::bulk_stop, std::move(values));
  if (!rows.empty()) {
    author.action = "bulk-stop";
    co_await sign(transaction, std::move(author));
    co_await note_scope(transaction, id_json(id));
  }
  co_await transaction.commit();
  co_return !rows.empty();
}

Task<std::optional<BulkPortion>> BulkStore::next(std::string id, int size) {
  db::Values values{id, std::to_string(size)};
  const db::Rows rows = co_await pool_.query(sql::bulk_portion, std::move(values));
  if (rows.empty()) co_return std::nullopt;
  co_return read_portion(rows, id);
}

Task<std::vector<std::string>> BulkStore::still_wanted(std::string id, std::vector<std::string> connections,
                                                       Admits admits) {
  db::Values values{std::move(id), db::array_literal(connections)};
  const db::Rows rows = co_await pool_.query(sql::bulk_still_matching, std::move(values));
  co_return admitted(rows, admits);
}

Task<void> BulkStore::progress(std::string id, std::size_t passed, std::size_t touched) {
  co_await pool_.query(sql::bulk_progress, passed_values(id, passed, touched));
}

Task<BulkStep> BulkStore::step(std::string id, int size, Admits admits) {
  db::Transaction transaction = co_await db::Transaction::begin(pool_);
  db::Values turn{id, std::to_string(size)};
  const db::Rows rows = co_await transaction->query(sql::bulk_portion, std::move(turn));
  if (rows.empty()) {
    co_await transaction.rollback();
    co_return BulkStep::over;
  }
  BulkPortion portion = read_portion(rows, id);
  std::size_t touched = 0;
  if (!portion.connections.empty()) {
    db::Values of{id, db::array_literal(portion.connections)};
    const db::Rows still = co_await transaction->query(sql::bulk_still_matching, std::move(of));
    co_await sign(transaction, portion.author);
    const Touched done = co_await do_action(transaction, portion.action, admitted(still, admits), portion.minutes);
    touched = done.found.size() - done.refused.size();
  }
  co_await transaction->query(sql::bulk_progress, passed_values(id, portion.connections.size(), touched));
  co_await transaction.commit();
  co_return portion.connections.empty() ? BulkStep::finished : BulkStep::more;
}

Task<void> BulkStore::end(std::string id, std::string state, std::string note) {
  db::Values values{std::move(id), std::move(state), db::null_if_empty(std::move(note))};
  co_await pool_.query(sql::bulk_end, std::move(values));
}

}  // namespace calsync::store
