// SPDX-License-Identifier: Apache-2.0
// What the pages do beyond links and forms: sections marked data-live are fetched again every few seconds, and a button that
// sends a form cannot send it twice. Without this script everything can still be read and done.
"use strict";

const pause = 4000;

/** Whether somebody is at work in this part of the page. */
function inUse(section) {
  return section.contains(document.activeElement) || section.querySelector("details[open]") !== null || !getSelection().isCollapsed;
}

async function refresh() {
  const answer = await fetch(location.href, { credentials: "same-origin", redirect: "error", cache: "no-store" });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const section of document.querySelectorAll("[data-live]")) {
    const next = fresh.getElementById(section.id);
    if (next && !inUse(section)) section.replaceChildren(...next.childNodes);
  }
  document.documentElement.dataset.refreshed = String(Number(document.documentElement.dataset.refreshed ?? 0) + 1);
}

async function keepFresh() {
  try {
    if (!document.hidden) await refresh();
  } catch {
    return; // logged out, or the server is away: what is shown stays, with its times
  }
  setTimeout(keepFresh, pause);
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
});
// A page that comes back from the history may send its forms again.
addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent));

if (document.querySelector("[data-live]")) setTimeout(keepFresh, pause);
