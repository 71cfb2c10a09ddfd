// SPDX-License-Identifier: Apache-2.0
// Runs the steps, each in windows of its own; started by ./run.
import { close } from "./browser.mjs";
import { ask } from "./stand.mjs";
import { steps as actionSteps } from "./action_steps.mjs";
import { steps as doorSteps } from "./door_steps.mjs";
import { steps as hostileSteps } from "./hostile_steps.mjs";
import { steps as pageSteps } from "./page_steps.mjs";

const groups = { page: pageSteps, action: actionSteps, hostile: hostileSteps, door: doorSteps };
const wanted = process.argv.slice(2);
let passed = 0;
let failed = 0;
for (const [group, steps] of Object.entries(groups)) {
  for (const [name, step] of Object.entries(steps)) {
    const title = `${group}: ${name}`;
    if (wanted.length > 0 && !wanted.some((part) => title.includes(part))) continue;
    const begun = Date.now();
    const windows = [];
    try {
      await step((window) => { windows.push(window); return window; });
      ++passed;
      console.log(`ok   ${title} (${((Date.now() - begun) / 1000).toFixed(1)} s)`);
    } catch (error) {
      ++failed;
      console.log(`FAIL ${title}\n${error.stack}`);
    } finally {
      for (const window of windows) await window.context.close().catch(() => {});
      await ask("release");
    }
  }
}
await close();
console.log(`browser: ${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
