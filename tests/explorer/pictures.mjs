// Pictures of the page for docs/explorer.md.
//
//     node pictures.mjs FOLDER
import path from "node:path";
import { Browser } from "./browser.mjs";

const folder = process.argv[2];
const browser = await Browser.start();
const shoot = (window, name) => window.page.screenshot({ path: path.join(folder, name) });

// The stale story just before CPU 1 turns: no bit is missing, and the TLB of CPU 1 is behind.
const explorer = await browser.window({ width: 1400, height: 1080 });
await explorer.open("#/?script=map+a+shared%0Abefore+1%3A+read+a%0Acpu+0%3A+write+a.2+7%0Acpu+1%3A+lock_pi+a&fault_in=gup_dirty&steps=0*7");
await explorer.step(0);
await explorer.page.locator(".source .here").waitFor();
await shoot(explorer, "explorer.png");

const story = await browser.window({ width: 1100, height: 900 });
await story.open("#/story/clean?part=2");
await story.page.locator(".predict label").last().click();
await story.page.getByText("this is my guess").click();
await story.toEnd();
await story.page.locator(".outcome").waitFor();
await shoot(story, "explorer-story.png");

const narrow = await browser.window({ width: 400, height: 900, colorScheme: "dark" });
await narrow.open("#/?program=stale.two-processes&fault_in=gup_dirty&steps=1*12");
await shoot(narrow, "explorer-narrow.png");
await browser.stop();
