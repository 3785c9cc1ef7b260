// A visit in Firefox ESR, driven by puppeteer-core over WebDriver BiDi. Prints one line of JSON for each check: {"check", "ok", "why"}.
// Usage: node firefox.mjs <address of the demo page> <path of Firefox>

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import puppeteer from "puppeteer-core";

const [address, executablePath] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await puppeteer.launch({ browser: "firefox", executablePath, headless: true, args: ["--width=1280", "--height=800"] });

const inside = (selector) => `document.querySelector("career-chat").shadowRoot.querySelector(${JSON.stringify(selector)})`;

async function until(page, expression, seconds = 8) {
  for (const end = Date.now() + seconds * 1000; ; ) {
    if (await page.evaluate(expression)) return;
    if (Date.now() > end) throw new Error(`after ${seconds} s still not: ${expression}`);
    await new Promise((wake) => setTimeout(wake, 50));
  }
}

const count = (page, name) => page.evaluate(`document.querySelector("career-chat").shadowRoot.querySelectorAll("article.${name}").length`);
const focused = (page) => page.evaluate(`(() => { const one = document.querySelector("career-chat").shadowRoot.activeElement; return one ? one.id || one.className || one.localName : ""; })()`);

async function ask(page, text) {
  const before = await count(page, "assistant");
  await page.evaluate(`${inside("#input")}.focus()`);
  await page.keyboard.type(text);
  await page.keyboard.press("Enter");
  await until(page, `document.querySelector("career-chat").shadowRoot.querySelectorAll("article.assistant").length > ${before}`);
}

function equal(found, expected) {
  if (JSON.stringify(found) !== JSON.stringify(expected)) throw new Error(`found ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`);
}

async function findsNothing(page) {
  await page.evaluate(axe);
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  equal(await page.evaluate(`axe.run(document, { runOnly: ${JSON.stringify(tags)} }).then((result) => result.violations.map((one) => one.id + " " + one.nodes[0].target))`), []);
}

const CHECKS = {
  async "launcher opens by keyboard and the input has the focus"(page) {
    await page.evaluate(`${inside(".launcher")}.focus()`);
    await page.keyboard.press("Enter");
    await until(page, `${inside(".panel")}.open`);
    equal(await focused(page), "input");
  },
  async "style is in force under the strict policy"(page) {
    equal(await page.evaluate(`getComputedStyle(${inside(".panel")}).position`), "fixed");
    equal(await page.evaluate(`getComputedStyle(${inside(".panel")}).backgroundColor`), "rgb(255, 255, 255)");
  },
  async "question is answered with a card"(page) {
    await ask(page, "what does it cost?");
    const text = await page.evaluate(`${inside("article.assistant .said")}.textContent`);
    equal(text.includes("$299"), true);
    equal(await page.evaluate(`${inside("details")}.open`), false);
  },
  async "sources open by keyboard"(page) {
    await page.evaluate(`${inside("summary")}.focus()`);
    await page.keyboard.press("Enter");
    equal(await page.evaluate(`${inside("details")}.open`), true);
  },
  async "reply is announced once"(page) {
    await page.evaluate(`window.spoken = []; for (const region of document.querySelector("career-chat").shadowRoot.querySelectorAll('[aria-live="polite"]'))
      new MutationObserver((changes) => changes.forEach((change) => change.addedNodes.forEach((node) => spoken.push(node.textContent)))).observe(region, { childList: true })`);
    await ask(page, "unsure");
    equal(await page.evaluate("spoken"), ["Assistant: What would you like to know?\nExam fees\nYearly pay"]);
  },
  async "arrows walk the transcript, Tab goes to its controls"(page) {
    await page.evaluate(`${inside("article:last-of-type")}.focus()`);
    await page.keyboard.press("ArrowUp");
    equal(await page.evaluate(`document.querySelector("career-chat").shadowRoot.activeElement.ariaLabel`), "You: unsure");
    await page.keyboard.press("End");
    await page.keyboard.press("Tab");
    equal(await page.evaluate(`document.querySelector("career-chat").shadowRoot.activeElement.textContent`), "Exam fees");
  },
  async "choice is sent and stays readable"(page) {
    await page.keyboard.press("Enter");
    await until(page, `${inside(".chosen")} !== null`);
    equal(await focused(page), "input");
  },
  async "comparison is a table"(page) {
    await ask(page, "compare them");
    equal(await page.evaluate(`[...${inside("table")}.querySelectorAll("th[scope]")].length`), 6);
  },
  async "Shift+Enter breaks the line"(page) {
    await page.evaluate(`${inside("#input")}.focus()`);
    await page.keyboard.type("one");
    await page.keyboard.down("Shift");
    await page.keyboard.press("Enter");
    await page.keyboard.up("Shift");
    await page.keyboard.type("two");
    equal(await page.evaluate(`${inside("#input")}.value`), "one\ntwo");
    await page.evaluate(`${inside("#input")}.value = ""; ${inside("#input")}.dispatchEvent(new Event("input"))`);
  },
  async "axe finds nothing"(page) {
    await findsNothing(page);
  },
  async "attack strings stay text"(page) {
    await ask(page, "<img src=x onerror=hacked=1><script>hacked=1</script> javascript:hacked=1");
    equal(await page.evaluate(`[window.hacked === undefined, document.querySelector("career-chat").shadowRoot.querySelectorAll("img, script").length]`), [true, 0]);
  },
  async "history and draft are there after a reload"(page) {
    const before = await count(page, "assistant");
    await page.evaluate(`${inside("#input")}.focus()`);
    await page.keyboard.type("half");
    await page.reload();
    await until(page, `document.querySelector("career-chat").shadowRoot?.querySelectorAll("article.assistant").length === ${before}`);
    equal(await page.evaluate(`${inside("#input")}.value`), "half");
    await page.evaluate(`${inside("#input")}.value = ""`);
  },
  async "form question changes the input"(page) {
    await ask(page, "contact me");
    equal(await page.evaluate(`[${inside("#input")}.type, ${inside("#input")}.autocomplete]`), ["text", "name"]);
    await findsNothing(page);
  },
  async "trouble is said in words and gets over"(page) {
    await ask(page, "trouble twice");
    equal(await page.evaluate(`${inside(".status")}.hidden`), true);
  },
  async "Escape closes and the focus returns"(page) {
    await page.keyboard.press("Escape");
    equal([await page.evaluate(`${inside(".panel")}.open`), await focused(page)], [false, "launcher"]);
    await findsNothing(page);
  },
  async "phone size is the whole screen"(page) {
    await page.setViewport({ width: 375, height: 667 }).catch((error) => {
      if (!String(error).includes("unknown command")) throw error; // an older ESR takes the size but knows no orientation
    });
    await until(page, "innerWidth === 375");
    await page.evaluate(`${inside(".launcher")}.click()`);
    await until(page, `${inside(".panel")}.matches(":modal")`);
    await new Promise((wake) => setTimeout(wake, 300));
    equal(await page.evaluate(`${inside(".panel")}.getBoundingClientRect().width === document.documentElement.clientWidth`), true); // beside the scroll bar
    equal(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), true);
    await findsNothing(page);
  },
};

try {
  const page = await browser.newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  await page.goto(address);
  await until(page, `customElements.get("career-chat") !== undefined`);
  for (const [check, run] of Object.entries(CHECKS)) {
    let why = "";
    try {
      await run(page);
    } catch (error) {
      why = String(error);
    }
    if (faults.length) why += ` page errors: ${faults.splice(0)}`;
    console.log(JSON.stringify({ check, ok: why === "", why }));
  }
} finally {
  await browser.close();
}
