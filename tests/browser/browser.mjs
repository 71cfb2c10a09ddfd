// SPDX-License-Identifier: Apache-2.0
// Chromium, and the complaints that no page may cause.
import assert from "node:assert/strict";
import { chromium } from "playwright-core";
import { adminToken, pictures, root } from "./stand.mjs";

export const sizes = { desktop: { width: 1280, height: 900 }, phone: { width: 360, height: 740 } };

let launched;
export async function browser() {
  launched ??= await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-dev-shm-usage"] });
  return launched;
}
export const close = async () => launched?.close();

/** A window of its own; `complaints` collects scripts that ran, dialogs, errors and violations of the policy. */
export async function open(options = {}) {
  const context = await (await browser()).newContext({ viewport: sizes.desktop, ...options });
  const complaints = [];
  // Written before any page's own script; whatever a payload calls shows here.
  await context.exposeBinding("calsyncComplain", (_, what) => complaints.push(what));
  await context.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) => calsyncComplain(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
    for (const name of ["alert", "confirm", "prompt", "print"]) window[name] = (...given) => calsyncComplain(`${name}(${given.join()})`);
  });
  const page = await context.newPage();
  page.on("dialog", (dialog) => { complaints.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("console", (message) => { if (message.type() === "error") complaints.push(`console: ${message.text()}`); });
  page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
  page.on("request", (request) => { if (!request.url().startsWith(root)) complaints.push(`request: ${request.url()}`); });
  page.on("response", (response) => { if (response.status() >= 500) complaints.push(`answer: ${response.status()} ${response.url()}`); });
  return { context, page, complaints };
}

export async function logIn(page, next = "/admin") {
  await page.goto(root + next);
  await page.getByLabel("Admin token").fill(adminToken);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.waitForURL(root + next);
}

/** A window with a session. */
export async function operator(options = {}) {
  const window = await open(options);
  await logIn(window.page);
  return window;
}

/** What must hold of every page, whatever it shows. */
export async function assertSound(page, complaints, where) {
  const found = await page.evaluate(() => {
    const elements = [...document.querySelectorAll("*")];
    const attributes = elements.flatMap((one) => [...one.attributes]);
    const controls = [...document.querySelectorAll("input:not([type=hidden]), select, textarea")];
    return {
      handlers: attributes.filter((one) => /^on/i.test(one.name) || one.name === "style" || one.name === "srcdoc").map((one) => one.name),
      addresses: attributes.filter((one) => ["href", "src", "action", "formaction"].includes(one.name) && !/^(\/admin|#)/.test(one.value)).map((one) => one.value),
      scripts: [...document.scripts].map((one) => new URL(one.src).pathname.replace(/[0-9a-f]{16}/, "HASH")),
      foreign: elements.filter((one) => /^(img|iframe|object|embed|base|math|marquee|video|audio|template|style)$/i.test(one.tagName)).map((one) => one.tagName),
      unlabelled: controls.filter((one) => !one.labels?.length && !one.ariaLabel).map((one) => one.name),
      wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      headings: document.querySelectorAll("h1").length,
      language: document.documentElement.lang,
    };
  });
  assert.deepEqual(found, { handlers: [], addresses: [], scripts: ["/admin/assets/HASH/page.js"], foreign: [], unlabelled: [], wide: 0, headings: 1, language: "en" }, where);
  assert.deepEqual(complaints, [], where);
}

export const picture = (page, name) => page.screenshot({ path: `${pictures}/${name}.png`, fullPage: true });
