// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api-server/http.hpp"
#include "api-server/web/door.hpp"
#include "api-server/web/html.hpp"
#include "common/base/time.hpp"

namespace calsync::api::web {

/// The room of the page that the reader is in.
enum class Room { overview, connections, events, jobs, audit, none };

/// A whole page. It is never cached, runs no script but ours, and is framed by nobody.
Response page(const Visitor& visitor, Room room, const std::string& title, const Html& body, int status = 200);
/// For people without a session.
Response bare_page(const std::string& title, const Html& body, int status = 200);
Response problem_page(int status, const std::string& what, const std::string& advice);
/// 303: after a form, and where there is nothing to show.
Response redirect(const Path& path);

/// "12 s ago", "in 5 min".
std::string distance(Time time, Time now);
/// The same, with the exact time to be found; "never" for nothing.
Html moment(const std::optional<Time>& time, Time now);
/// "420 ms", "1 h 5 min".
std::string duration_text(Duration duration);
/// Text from outside, on its own line of writing direction, "none" in grey where there is none.
Html said(std::string_view raw);

/// A table on wide screens, one card a row on phones.
class Table {
 public:
  Table(Literal caption, std::vector<Literal> heads) : caption_(caption), heads_(std::move(heads)) {}
  /// As many cells as heads.
  void row(const std::vector<Html>& cells);
  bool empty() const { return rows_ == 0; }
  /// `nothing` is what stands instead of a table without rows.
  Html html(Literal nothing) const;

 private:
  Literal caption_;
  std::vector<Literal> heads_;
  Html body_;
  int rows_ = 0;
};

/// Names and values.
class Facts {
 public:
  void add(Literal name, const Html& value) { put(name, value); }
  void add(const Text& name, const Html& value) { put(name, value); }
  Html html() const;

 private:
  void put(const Html& name, const Html& value);
  Html body_;
};

Html link(const Path& path, const Html& label);
/// A heading with what belongs to it; the script refreshes the content of those that have a name.
Html section(Literal heading, const Html& body);
Html live_section(Literal name, Literal heading, const Html& body);
/// A POST with the visitor's CSRF token.
Html post_form(const Visitor& visitor, const Path& path, const Html& inside);
Html hidden(Literal name, std::string_view value);

struct Option {
  std::string value;
  std::string label;
};
Html choice(Literal label, Literal name, const std::vector<Option>& options, std::string_view chosen);
Html text_field(Literal label, Literal name, std::string_view value, std::size_t longest);
/// Why somebody does something; asked for with every action.
Html reason_field();
constexpr std::size_t longest_reason = 500;

}  // namespace calsync::api::web
