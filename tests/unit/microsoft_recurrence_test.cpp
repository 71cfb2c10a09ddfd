// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "common/providers/microsoft/recurrence_dates.hpp"
#include "common/providers/microsoft/recurrence_rule.hpp"

namespace calsync::microsoft {
namespace {

using calendar::EventTime;

EventTime timed(std::string_view text, std::string zone = "Europe/Berlin") {
  EventTime time;
  time.instant = parse_rfc3339(text).value();
  time.time_zone = std::move(zone);
  return time;
}

EventTime all_day(std::string_view text) {
  EventTime time;
  time.date = parse_date(text).value();
  return time;
}

std::string recurrence(const std::string& pattern, const std::string& range) {
  return R"({"pattern":{)" + pattern + R"(},"range":{)" + range + "}}";
}

const std::string no_end = R"("type":"noEnd","startDate":"2026-03-02","endDate":"0001-01-01")";

Recurrence parsed(const std::string& text) {
  const auto document = json::parse(text);
  REQUIRE(document.has_value());
  auto result = parse_recurrence(*document);
  if (!result) FAIL(result.error().message);
  return *result;
}

std::string dates(const Recurrence& rule, std::string_view from, std::string_view to) {
  std::string out;
  for (const auto& date : recurrence_dates(rule, parse_date(from).value(), parse_date(to).value()))
    out += (out.empty() ? "" : " ") + format_date(date);
  return out;
}

}  // namespace

TEST_CASE("patterns as rules", "[microsoft][recurrence]") {
  struct Row {
    std::string pattern;
    std::string rule;
  };
  const auto row = GENERATE(values<Row>({
      {R"("type":"daily","interval":1)", "FREQ=DAILY"},
      {R"("type":"Daily","interval":3,"month":0,"dayOfMonth":0,"index":"first","firstDayOfWeek":"sunday")",
       "FREQ=DAILY;INTERVAL=3"},
      {R"("type":"weekly","interval":2,"daysOfWeek":["Wednesday","monday"],"firstDayOfWeek":"monday")",
       "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;WKST=MO"},
      {R"("type":"weekly","interval":1,"daysOfWeek":["sunday"])", "FREQ=WEEKLY;BYDAY=SU;WKST=SU"},
      {R"("type":"weekly","daysOfWeek":["friday","friday"],"firstDayOfWeek":null)", "FREQ=WEEKLY;BYDAY=FR;WKST=SU"},
      {R"("type":"absoluteMonthly","interval":1,"dayOfMonth":31)", "FREQ=MONTHLY;BYMONTHDAY=31"},
      {R"("type":"relativeMonthly","interval":1,"daysOfWeek":["tuesday"],"index":"second")", "FREQ=MONTHLY;BYDAY=2TU"},
      {R"("type":"relativeMonthly","interval":1,"daysOfWeek":["tuesday"])", "FREQ=MONTHLY;BYDAY=1TU"},
      {R"("type":"relativeMonthly","interval":2,"daysOfWeek":["monday","tuesday","wednesday","thursday","friday"],"index":"LAST")",
       "FREQ=MONTHLY;INTERVAL=2;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"},
      {R"("type":"absoluteYearly","interval":1,"dayOfMonth":2,"month":3)", "FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=2"},
      {R"("type":"relativeYearly","interval":1,"daysOfWeek":["thursday"],"index":"fourth","month":11)",
       "FREQ=YEARLY;BYMONTH=11;BYDAY=4TH"},
  }));
  CAPTURE(row.pattern);
  CHECK(rrule_line(parsed(recurrence(row.pattern, no_end)), timed("2026-03-02T08:00:00Z")) == "RRULE:" + row.rule);
}

TEST_CASE("ranges as rules", "[microsoft][recurrence]") {
  struct Row {
    std::string range;
    EventTime start;
    std::string end;
  };
  const auto row = GENERATE(values<Row>({
      {R"("type":"noEnd","startDate":"2026-03-02")", timed("2026-03-02T08:00:00Z"), ""},
      {R"("type":"numbered","startDate":"2026-03-02","numberOfOccurrences":10)", timed("2026-03-02T08:00:00Z"),
       ";COUNT=10"},
      // 09:00 in Berlin on the last day, which is in summer time.
      {R"("type":"endDate","startDate":"2026-03-02","endDate":"2026-04-20")", timed("2026-03-02T08:00:00Z"),
       ";UNTIL=20260420T070000Z"},
      {R"("type":"endDate","startDate":"2026-03-02","endDate":"2026-04-20","recurrenceTimeZone":"tzone://Microsoft/Custom")",
       timed("2026-03-02T08:00:00Z"), ";UNTIL=20260420T070000Z"},
      // A day of another zone than the event's: there the event begins at 21:00 of the day before.
      {R"("type":"endDate","startDate":"2026-03-01","endDate":"2026-03-10","recurrenceTimeZone":"Hawaiian Standard Time")",
       timed("2026-03-02T07:00:00Z"), ";UNTIL=20260311T070000Z"},
      {R"("type":"endDate","startDate":"2026-03-02","endDate":"2026-04-20")", all_day("2026-03-02"), ";UNTIL=20260420"},
      {R"("type":"endDate","startDate":"2026-03-02","endDate":"2026-04-20")", timed("2026-03-02T08:00:00Z", ""),
       ";UNTIL=20260420T080000Z"},
  }));
  CAPTURE(row.range);
  const Recurrence rule = parsed(recurrence(R"("type":"daily","interval":1)", row.range));
  CHECK(rrule_line(rule, row.start) == "RRULE:FREQ=DAILY" + row.end);
}

TEST_CASE("recurrences that cannot be understood", "[microsoft][recurrence]") {
  const std::string daily = R"("type":"daily","interval":1)";
  const auto text = GENERATE_COPY(values<std::string>({
      "{}",
      R"({"pattern":null,"range":null})",
      recurrence("", no_end),
      recurrence(R"("type":"hourly","interval":1)", no_end),
      recurrence(R"("type":"daily","interval":0)", no_end),
      recurrence(R"("type":"daily","interval":99999999999)", no_end),
      recurrence(R"("type":"weekly","interval":1)", no_end),
      recurrence(R"("type":"weekly","interval":1,"daysOfWeek":[])", no_end),
      recurrence(R"("type":"weekly","interval":1,"daysOfWeek":["someday"])", no_end),
      recurrence(R"("type":"weekly","interval":1,"daysOfWeek":[1])", no_end),
      recurrence(R"("type":"relativeMonthly","interval":1,"daysOfWeek":["monday"],"index":"fifth")", no_end),
      recurrence(R"("type":"absoluteMonthly","interval":1,"dayOfMonth":0)", no_end),
      recurrence(R"("type":"absoluteMonthly","interval":1,"dayOfMonth":32)", no_end),
      recurrence(R"("type":"absoluteYearly","interval":1,"dayOfMonth":1,"month":13)", no_end),
      recurrence(daily, R"("type":"forever","startDate":"2026-03-02")"),
      recurrence(daily, R"("type":"noEnd")"),
      recurrence(daily, R"("type":"noEnd","startDate":"2026-02-30")"),
      recurrence(daily, R"("type":"endDate","startDate":"2026-03-02","endDate":""})"),
      recurrence(daily, R"("type":"numbered","startDate":"2026-03-02","numberOfOccurrences":0)"),
  }));
  CAPTURE(text);
  const auto document = json::parse(text);
  if (!document) return;
  const auto result = parse_recurrence(*document);
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().failure == Failure::malformed);
}

TEST_CASE("the dates of a pattern", "[microsoft][recurrence]") {
  struct Row {
    std::string pattern;
    std::string range;
    std::string from, to;
    std::string dates;
  };
  const auto row = GENERATE(values<Row>({
      {R"("type":"daily","interval":3)", no_end, "2026-03-01", "2026-03-12",
       "2026-03-02 2026-03-05 2026-03-08 2026-03-11"},
      {R"("type":"daily","interval":3)", no_end, "2036-03-01", "2036-03-06", "2036-03-03 2036-03-06"},
      {R"("type":"daily","interval":1)", R"("type":"numbered","startDate":"2026-03-02","numberOfOccurrences":3)",
       "2026-03-03", "2026-03-12", "2026-03-03 2026-03-04"},
      {R"("type":"daily","interval":1)", R"("type":"endDate","startDate":"2026-03-02","endDate":"2026-03-03")",
       "2026-01-03", "2026-03-12", "2026-03-02 2026-03-03"},
      // Every other week: with weeks from Sunday, Sunday the 8th is in the second one; from Monday, in the first.
      {R"("type":"weekly","interval":2,"daysOfWeek":["sunday","monday"],"firstDayOfWeek":"sunday")", no_end,
       "2026-03-02", "2026-03-24", "2026-03-02 2026-03-15 2026-03-16"},
      {R"("type":"weekly","interval":2,"daysOfWeek":["sunday","monday"],"firstDayOfWeek":"monday")", no_end,
       "2026-03-02", "2026-03-24", "2026-03-02 2026-03-08 2026-03-16 2026-03-22"},
      {R"("type":"absoluteMonthly","interval":1,"dayOfMonth":31)", no_end, "2026-03-01", "2026-07-31",
       "2026-03-31 2026-05-31 2026-07-31"},
      {R"("type":"relativeMonthly","interval":1,"daysOfWeek":["monday","friday"],"index":"last")", no_end, "2026-03-01",
       "2026-05-31", "2026-03-30 2026-04-27 2026-05-29"},
      {R"("type":"relativeMonthly","interval":6,"daysOfWeek":["tuesday"],"index":"second")", no_end, "2026-03-01",
       "2027-12-31", "2026-03-10 2026-09-08 2027-03-09 2027-09-14"},
      {R"("type":"absoluteYearly","interval":1,"dayOfMonth":29,"month":2)", no_end, "2026-03-01", "2033-01-01",
       "2028-02-29 2032-02-29"},
      {R"("type":"relativeYearly","interval":1,"daysOfWeek":["thursday"],"index":"fourth","month":11)", no_end,
       "2026-03-01", "2027-12-31", "2026-11-26 2027-11-25"},
      {R"("type":"daily","interval":1)", R"("type":"numbered","startDate":"0001-01-01","numberOfOccurrences":1000000)",
       "2026-03-01", "2026-03-02", "2026-03-01 2026-03-02"},
  }));
  CAPTURE(row.pattern, row.range);
  CHECK(dates(parsed(recurrence(row.pattern, row.range)), row.from, row.to) == row.dates);
}

TEST_CASE("rules as patterns, and back", "[microsoft][recurrence]") {
  struct Row {
    std::string rule;
    std::string pattern;
    std::string back;  ///< "" = the rule itself
  };
  const auto row = GENERATE(values<Row>({
      {"FREQ=DAILY", R"({"type":"daily","interval":1})", ""},
      {"FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR",
       R"({"type":"weekly","interval":1,"daysOfWeek":["monday","tuesday","wednesday","thursday","friday"],"firstDayOfWeek":"monday"})",
       "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;WKST=MO"},
      {"freq=weekly;interval=2", R"({"type":"weekly","interval":2,"daysOfWeek":["monday"],"firstDayOfWeek":"monday"})",
       "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;WKST=MO"},
      {"FREQ=WEEKLY;BYDAY=SU,SA;WKST=SU",
       R"({"type":"weekly","interval":1,"daysOfWeek":["sunday","saturday"],"firstDayOfWeek":"sunday"})", ""},
      {"FREQ=MONTHLY", R"({"type":"absoluteMonthly","interval":1,"dayOfMonth":2})", "FREQ=MONTHLY;BYMONTHDAY=2"},
      {"FREQ=MONTHLY;BYDAY=2TU", R"({"type":"relativeMonthly","interval":1,"daysOfWeek":["tuesday"],"index":"second"})",
       ""},
      {"FREQ=MONTHLY;BYDAY=-1FR", R"({"type":"relativeMonthly","interval":1,"daysOfWeek":["friday"],"index":"last"})",
       ""},
      {"FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1",
       R"({"type":"relativeMonthly","interval":1,"daysOfWeek":["monday","tuesday"],"index":"last"})", ""},
      {"FREQ=YEARLY", R"({"type":"absoluteYearly","interval":1,"dayOfMonth":2,"month":3})",
       "FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=2"},
      {"FREQ=YEARLY;BYMONTH=10;BYMONTHDAY=31", R"({"type":"absoluteYearly","interval":1,"dayOfMonth":31,"month":10})",
       ""},
      {"FREQ=YEARLY;BYMONTH=11;BYDAY=4TH",
       R"({"type":"relativeYearly","interval":1,"daysOfWeek":["thursday"],"index":"fourth","month":11})", ""},
  }));
  CAPTURE(row.rule);
  const EventTime start = timed("2026-03-02T08:00:00Z");
  const auto result = recurrence_of("RRULE:" + row.rule, start);
  if (!result) FAIL(result.error().message);
  const std::string text = recurrence_json(*result);
  CHECK(text == R"({"pattern":)" + row.pattern + R"(,"range":{"type":"noEnd","startDate":"2026-03-02"}})");
  CHECK(rrule_line(parsed(text), start) == "RRULE:" + (row.back.empty() ? row.rule : row.back));
}

TEST_CASE("ends of rules as ranges", "[microsoft][recurrence]") {
  struct Row {
    std::string end;
    EventTime start;
    std::string range;
  };
  const auto row = GENERATE(values<Row>({
      {";COUNT=5", timed("2026-03-02T08:00:00Z"),
       R"("type":"numbered","startDate":"2026-03-02","numberOfOccurrences":5)"},
      {";UNTIL=20260420T070000Z", timed("2026-03-02T08:00:00Z"),
       R"("type":"endDate","startDate":"2026-03-02","endDate":"2026-04-20")"},
      // One second too early for that day.
      {";UNTIL=20260420T065959Z", timed("2026-03-02T08:00:00Z"),
       R"("type":"endDate","startDate":"2026-03-02","endDate":"2026-04-19")"},
      {";UNTIL=20260420", timed("2026-03-02T08:00:00Z"),
       R"("type":"endDate","startDate":"2026-03-02","endDate":"2026-04-20")"},
      {";UNTIL=20260420", all_day("2026-03-02"), R"("type":"endDate","startDate":"2026-03-02","endDate":"2026-04-20")"},
      // Late in the evening in UTC is the next day in Berlin.
      {"", timed("2026-03-02T23:30:00Z"), R"("type":"noEnd","startDate":"2026-03-03")"},
  }));
  CAPTURE(row.end);
  const auto result = recurrence_of("RRULE:FREQ=DAILY" + row.end, row.start);
  if (!result) FAIL(result.error().message);
  CHECK(recurrence_json(*result) == R"({"pattern":{"type":"daily","interval":1},"range":{)" + row.range + "}}");
}

TEST_CASE("rules that Graph cannot keep", "[microsoft][recurrence]") {
  struct Row {
    std::string rule;
    Failure failure;
  };
  const auto row = GENERATE(values<Row>({
      {"", Failure::malformed},
      {"RRULE:FREQ", Failure::malformed},
      {"RRULE:INTERVAL=2", Failure::malformed},
      {"RRULE:FREQ=DAILY;INTERVAL=0", Failure::malformed},
      {"RRULE:FREQ=DAILY;COUNT=x", Failure::malformed},
      {"RRULE:FREQ=DAILY;FREQ=WEEKLY", Failure::malformed},
      {"RRULE:FREQ=DAILY;COUNT=1;UNTIL=20260420", Failure::malformed},
      {"RRULE:FREQ=DAILY;UNTIL=tomorrow", Failure::malformed},
      {"RRULE:FREQ=WEEKLY;BYDAY=XX", Failure::malformed},
      {"RRULE:FREQ=HOURLY", Failure::rejected},
      {"RRULE:FREQ=DAILY;BYHOUR=9,17", Failure::rejected},
      {"RRULE:FREQ=DAILY;INTERVAL=2;BYDAY=MO", Failure::rejected},
      {"RRULE:FREQ=DAILY;BYMONTH=1", Failure::rejected},
      {"RRULE:FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=1", Failure::rejected},
      {"RRULE:FREQ=MONTHLY;BYMONTHDAY=1,15", Failure::rejected},
      {"RRULE:FREQ=MONTHLY;BYMONTHDAY=-1", Failure::rejected},
      {"RRULE:FREQ=MONTHLY;BYMONTHDAY=31", Failure::rejected},
      {"RRULE:FREQ=MONTHLY;BYDAY=MO", Failure::rejected},
      {"RRULE:FREQ=MONTHLY;BYDAY=1MO,3MO", Failure::rejected},
      {"RRULE:FREQ=MONTHLY;BYDAY=5MO", Failure::rejected},
      {"RRULE:FREQ=YEARLY;BYDAY=20MO", Failure::rejected},
      {"RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", Failure::rejected},
      {"RRULE:FREQ=YEARLY;BYWEEKNO=1", Failure::rejected},
  }));
  CAPTURE(row.rule);
  const auto result = recurrence_of(row.rule, timed("2026-03-02T08:00:00Z"));
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().failure == row.failure);
}

}  // namespace calsync::microsoft
