// SPDX-License-Identifier: Apache-2.0
// The members of each resource, from the published API description.
#include "resource_schema.hpp"

#include "text.hpp"

namespace calsync::emulator {
namespace {

struct Schema {
  std::string_view name;
  std::string_view members;  // name or name:schema
};

constexpr Schema schemas[] = {
    {"Calendar",
     "autoAcceptInvitations conferenceProperties:ConferenceProperties dataOwner description etag id kind "
     "location summary timeZone"},
    {"CalendarList", "etag items:CalendarListEntry kind nextPageToken nextSyncToken"},
    {"CalendarListEntry",
     "accessRole autoAcceptInvitations backgroundColor colorId conferenceProperties:ConferenceProperties "
     "dataOwner defaultReminders:EventReminder deleted description etag foregroundColor hidden id kind location "
     "notificationSettings:CalendarListEntry.notificationSettings primary selected summary summaryOverride "
     "timeZone"},
    {"CalendarListEntry.notificationSettings", "notifications:CalendarNotification"},
    {"CalendarNotification", "method type"},
    {"Channel", "address expiration id kind params:* payload resourceId resourceUri token type"},
    {"ColorDefinition", "background foreground"},
    {"Colors", "calendar:* event:* kind updated"},
    {"ConferenceData",
     "conferenceId conferenceSolution:ConferenceSolution createRequest:CreateConferenceRequest "
     "entryPoints:EntryPoint notes parameters:ConferenceParameters signature"},
    {"ConferenceParameters", "addOnParameters:ConferenceParametersAddOnParameters"},
    {"ConferenceParametersAddOnParameters", "parameters:*"},
    {"ConferenceProperties", "allowedConferenceSolutionTypes"},
    {"ConferenceRequestStatus", "statusCode"},
    {"ConferenceSolution", "iconUri key:ConferenceSolutionKey name"},
    {"ConferenceSolutionKey", "type"},
    {"CreateConferenceRequest", "conferenceSolutionKey:ConferenceSolutionKey requestId status:ConferenceRequestStatus"},
    {"EntryPoint",
     "accessCode entryPointFeatures entryPointType label meetingCode passcode password pin regionCode uri"},
    {"Error", "domain reason"},
    {"Event",
     "anyoneCanAddSelf attachments:EventAttachment attendees:EventAttendee attendeesOmitted "
     "birthdayProperties:EventBirthdayProperties colorId conferenceData:ConferenceData created "
     "creator:Event.creator description end:EventDateTime endTimeUnspecified etag eventType "
     "extendedProperties:Event.extendedProperties focusTimeProperties:EventFocusTimeProperties "
     "gadget:Event.gadget guestsCanInviteOthers guestsCanModify guestsCanSeeOtherGuests hangoutLink htmlLink "
     "iCalUID id kind location locked organizer:Event.organizer originalStartTime:EventDateTime "
     "outOfOfficeProperties:EventOutOfOfficeProperties privateCopy recurrence recurringEventId "
     "reminders:Event.reminders sequence source:Event.source start:EventDateTime status summary transparency "
     "updated visibility workingLocationProperties:EventWorkingLocationProperties"},
    {"Event.creator", "displayName email id self"},
    {"Event.extendedProperties", "private:* shared:*"},
    {"Event.gadget", "display height iconLink link preferences:* title type width"},
    {"Event.organizer", "displayName email id self"},
    {"Event.reminders", "overrides:EventReminder useDefault"},
    {"Event.source", "title url"},
    {"EventAttachment", "fileId fileUrl iconLink mimeType title"},
    {"EventAttendee", "additionalGuests comment displayName email id optional organizer resource responseStatus self"},
    {"EventBirthdayProperties", "contact customTypeName type"},
    {"EventDateTime", "date dateTime timeZone"},
    {"EventFocusTimeProperties", "autoDeclineMode chatStatus declineMessage"},
    {"EventOutOfOfficeProperties", "autoDeclineMode declineMessage"},
    {"EventReminder", "method minutes"},
    {"EventWorkingLocationProperties",
     "customLocation:EventWorkingLocationProperties.customLocation homeOffice "
     "officeLocation:EventWorkingLocationProperties.officeLocation type"},
    {"EventWorkingLocationProperties.customLocation", "label"},
    {"EventWorkingLocationProperties.officeLocation", "buildingId deskId floorId floorSectionId label"},
    {"Events",
     "accessRole defaultReminders:EventReminder description etag items:Event kind nextPageToken nextSyncToken "
     "summary timeZone updated"},
    {"FreeBusyCalendar", "busy:TimePeriod errors:Error"},
    {"FreeBusyGroup", "calendars errors:Error"},
    {"FreeBusyResponse", "calendars:* groups:* kind timeMax timeMin"},
    {"Setting", "etag id kind value"},
    {"Settings", "etag items:Setting kind nextPageToken nextSyncToken"},
    {"TimePeriod", "end start"},
};

std::string_view find_member(std::string_view schema, std::string_view name) {
  for (const Schema& candidate : schemas) {
    if (candidate.name != schema) continue;
    for (const std::string_view entry : split(candidate.members, ' '))
      if (entry.substr(0, entry.find(':')) == name) return entry;
  }
  return {};
}

}  // namespace

bool schema_has(std::string_view schema, std::string_view name) {
  // Maps have members of any name, and below a `*` nothing is known.
  return schema.empty() || schema == "*" || !find_member(schema, name).empty();
}

std::string_view schema_of_member(std::string_view schema, std::string_view name) {
  if (schema.empty() || schema == "*") return schema;
  const std::string_view entry = find_member(schema, name);
  const std::size_t colon = entry.find(':');
  return colon == entry.npos ? std::string_view("none") : entry.substr(colon + 1);
}

std::string_view schema_of_operation(std::string_view operation) {
  if (operation.ends_with(".watch")) return "Channel";
  if (operation == "events.list" || operation == "events.instances") return "Events";
  if (operation.starts_with("events.")) return "Event";
  if (operation == "calendarList.list") return "CalendarList";
  if (operation.starts_with("calendarList.")) return "CalendarListEntry";
  if (operation.starts_with("calendars.")) return "Calendar";
  if (operation == "settings.list") return "Settings";
  if (operation == "settings.get") return "Setting";
  if (operation == "colors.get") return "Colors";
  return "FreeBusyResponse";
}

}  // namespace calsync::emulator
