// Debian's chromium, driven as a person would, and the page that it shows (tools/explorer.sh --build made it).
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "../../explorer/node_modules/playwright-core/index.mjs";
import { serve } from "../../explorer/serve.mjs";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "../..");
export const SITE = path.join(root, "build/explorer/site");
const PATIENCE = 120_000; // the computer may be busy

export class Browser {
  static async start(site = SITE) {
    const self = new Browser();
    self.server = await serve(site, 0);
    self.browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
    return self;
  }
  async stop() {
    await this.browser.close();
    this.server.close();
  }

  // A window of its own. `errors` has what went wrong in it, and `asked` every address that it fetched.
  async window({ width = 1400, height = 1000, colorScheme = "light", before } = {}) {
    const context = await this.browser.newContext({ viewport: { width, height }, colorScheme, reducedMotion: "reduce" });
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE);
    const errors = [], asked = [];
    page.on("pageerror", (problem) => errors.push(problem.message));
    page.on("request", (request) => asked.push(request.url()));
    if (before) await page.addInitScript(before);
    return new Window(page, this.server.address, errors, asked);
  }
}

class Window {
  constructor(page, address, errors, asked) {
    Object.assign(this, { page, address, errors, asked });
  }
  async open(hash = "") {
    await this.page.goto("about:blank");
    await this.page.goto(this.address + hash);
    await this.page.locator(".stage, .badlink, .loading:not(:text-is('The kernel is being loaded.'))").first().waitFor();
  }
  press(...keys) {
    return keys.reduce((before, key) => before.then(() => this.page.keyboard.press(key)), Promise.resolve());
  }
  // Waits until the run stands at this step.
  async at(step) {
    await this.page.locator(".steps b", { hasText: new RegExp(`^${step}$`) }).waitFor();
  }
  async step(cpu) {
    const now = await this.steps();
    await this.page.locator(`.act[data-cpu="${cpu}"][aria-disabled="false"]`).waitFor();
    await this.press(String(cpu));
    await this.at(now + 1);
  }
  async steps() {
    return Number(await this.page.locator(".steps b").innerText());
  }
  sentence() {
    return this.page.locator(".stage .sentence").innerText();
  }
  // Runs to the end with the key or the button, and returns what the page says of it.
  async toEnd(key = true) {
    if (key) await this.press("End");
    else await this.page.getByText("run to end").click();
    await this.page.locator(".stage.over").waitFor();
    return this.sentence();
  }
  // Everything in view, as text: to compare two windows.
  async view() {
    return this.page.evaluate(() => ["cpus", "memory", "frames", "stations"].map((name) => document.querySelector(`.${name}`)?.innerText ?? "").join("\n"));
  }
  // The address, once it has followed the run.
  async link() {
    await this.page.waitForTimeout(400); // it follows after a fifth of a second
    return new URL(this.page.url()).hash;
  }
  choose(name, value) {
    return this.page.locator(".choices label", { hasText: name }).locator("select").selectOption(value);
  }
  async close() {
    await this.page.context().close();
  }
}

export const hasSabotages = (site = SITE) => fs.existsSync(path.join(site, "engine/sabotages.json"));
