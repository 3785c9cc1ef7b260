// The <career-chat> element: launcher, dialog, transcript, cards, input. career-chat.js registers it. Makes elements and text nodes, never HTML.

import { Conversation, usable } from "./career-chat-conversation.js";
import { STYLE, paletteRule } from "./career-chat-style.js";

const CHARACTERS_MAX = 1000; // until the server says its limit
const COUNTER_FROM = 0.8;
const SPOKEN_MS = 1000; // TalkBack misses what leaves sooner
const TOLD_MS = 4000;
const NEAR_END_PX = 80; // who is further up is reading
const FULL_SCREEN = matchMedia("(max-width: 480px), (max-height: 420px)"); // as in career-chat-style.js
const WRITING = ["sending", "slow"]; // while a reply is on its way

const length = (text) => [...text].length; // as the server counts

/** A site replaces any of these with `strings`. */
export const STRINGS = {
  launcher: "Career questions? Ask us",
  unread: "{n} new",
  title: "Career assistant",
  subtitle: "Automated assistant",
  options: "Options",
  close: "Close chat",
  log: "Conversation. Arrow keys move between messages",
  you: "You",
  assistant: "Assistant",
  greeting: "Hello! I am an automated assistant. I answer questions about the career and name my sources.",
  privacy: "Privacy notice",
  newTab: "(opens in a new tab)",
  input: "Your question",
  send: "Send",
  counter: "{n} of {max} characters",
  tooLong: "Please shorten your question by {n} characters. Nothing was sent.",
  nothing: "Please type a question first.",
  choices: "Choices",
  chosen: "(chosen)",
  more: "Tell me more",
  source: "Source: {source}",
  sources: "{n} sources",
  dated: "older figure",
  reasons: "Why this fits",
  unknown: "What I do not know",
  helpful: "Was this helpful?",
  yes: "Yes",
  no: "No",
  thanks: "Thank you.",
  typing: "The assistant is answering",
  sending: "Sending",
  waiting: "Waiting to be sent",
  notSent: "Not sent.",
  again: "Try again",
  slow: "This takes longer than usual.",
  offline: "You are offline. Your messages are kept and sent when you are back.",
  down: "The assistant cannot be reached.",
  busy: "The assistant is busy.",
  unreadable: "The answer could not be read.",
  retry: "Nothing is lost; trying again in {n} seconds.",
  tryNow: "Try now",
  online: "Connected again.",
  person: "You can also reach the {name}: {phone}, {email}.",
  expired: "Your earlier conversation has ended. A new one begins here.",
  elsewhere: "This conversation was ended in another window.",
  copy: "Copy conversation",
  copied: "The conversation is copied.",
  download: "Download conversation",
  reset: "Start over",
  resetText: "This clears the conversation from this window.",
  resetDone: "A new conversation begins.",
  forget: "Delete my data",
  forgetText: "This deletes what you have written here, contact details included. It cannot be undone.",
  forgetDone: "Your data is deleted.",
  notForgotten: "Your data is not deleted yet. Please try again.",
  cancel: "Cancel",
};

const ICONS = {
  chat: "M4 5.5h16v11H10l-4.5 3.5v-3.5H4z M8 9.5h8 M8 12.5h5",
  close: "M6 6l12 12 M18 6L6 18",
  menu: "M5 7h14 M5 12h14 M5 17h14",
  send: "M5 12h13 M12.5 6.5L18 12l-5.5 5.5",
};

/** An element, named as in a selector: `p.said`. */
function el(name, ...children) {
  const [tag, ...classes] = name.split(".");
  const element = document.createElement(tag);
  element.className = classes.join(" ");
  const properties = children[0]?.constructor === Object ? children.shift() : {};
  for (const [key, value] of Object.entries(properties)) {
    if (key in element) element[key] = value;
    else element.setAttribute(key, value);
  }
  element.append(...children.flat(Infinity).filter(Boolean));
  return element;
}

function icon(name) {
  const [svg, path] = ["svg", "path"].map((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag));
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

const fill = (template, values) => template.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

// Control characters, and marks that turn the writing direction to make a text read as another.
const HIDDEN = /[\0-\x08\v-\x1f\x7f\u202a-\u202e\u2066-\u2069]/g;

/** A text as it may be shown; "" for what is no text. */
const clean = (text) => (/^(string|number)$/.test(typeof text) ? String(text).replace(HIDDEN, "") : "");

// Addresses of the web, of e-mail, telephone numbers with a country code or of the US.
const LINKS = /\b(?:https?:\/\/|mailto:|tel:)[^\s<>"]+|[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[a-z]{2,24}\b|\+\d[\d ().-]{6,18}\d|(?<![\d$-])(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}(?![\d-])/gi;

/** A link; the bare text if the address is not allowed, or hides its host behind a user name. */
function link(text, address, strings, base) {
  const url = URL.canParse(address, base) ? new URL(address, base) : {};
  if (!/^(https?|mailto|tel):$/.test(url.protocol) || url.username || url.password) return text;
  const isWeb = url.protocol.startsWith("http");
  return el("a", { href: url.href, rel: "noopener noreferrer", target: isWeb ? "_blank" : "" }, text, isWeb && el("span.away", ` ${strings.newTab}`));
}

export function linkified(text, strings) {
  const said = clean(text);
  const nodes = [];
  let end = 0;
  for (const { 0: match, index } of said.matchAll(LINKS)) {
    const found = match.replace(match.includes("(") ? /[.,;:!?'"]+$/ : /[.,;:!?'")]+$/, ""); // the sentence's own
    const address = /^(https?|mailto|tel):/i.test(found) ? found : found.includes("@") ? `mailto:${found}` : `tel:${found.replace(/[^\d+]/g, "")}`;
    nodes.push(said.slice(end, index), link(found, address, strings));
    end = index + found.length;
  }
  return [...nodes, said.slice(end)];
}

const withoutSources = (text) => clean(text).replace(/\n+Sources?: [^\n]*\s*$/, "");

const listed = (value) => (Array.isArray(value) ? value.filter((one) => one && typeof one === "object") : []);
const joined = (separator, ...parts) => parts.map(clean).filter(Boolean).join(separator);
const words = (tag, text) => el(tag, {}, clean(text));
const paragraph = (text, strings) => el("p.said", linkified(text, strings));
const pairs = (name, rows, pair) => rows.length && el("dl", { className: name }, rows.map(pair));
const labelled = ({ label, text }) => [words("dt", label), words("dd", text)];
const points = (title, texts) => Array.isArray(texts) && texts.length && [el("h3", title), el("ul.points", texts.map((text) => words("li", text)))];

function sources(value, strings) {
  const all = listed(value);
  const dated = (one) => one.dated === true && [" ", el("span.dated", strings.dated)];
  const line = all.length === 1 ? fill(strings.source, { source: joined(", ", all[0].cite, all[0].when) }) : fill(strings.sources, { n: all.length });
  const figure = (one) => [words("dt", one.figure), el("dd", joined(" · ", one.measure, joined(", ", one.by, one.when)), dated(one))];
  const item = (one) => el("li", words("strong", one.cite), joined("", one.when && ", ", one.when), pairs("figures", listed(one.figures), figure) || dated(one));
  const old = all.flatMap((one) => [one, ...listed(one.figures)]).find((one) => one.dated === true);
  return all.length && el("details.sources", el("summary", words("span", line), old && dated(old)), el("ul", all.map(item)));
}

// (A `field` changes the input instead.)
const CARDS = {
  answer: (card, strings, text) => [paragraph(withoutSources(text), strings), sources(card.sources, strings)],
  several: (card, strings) => listed(card.answers).map((one) => el("section.part", words("h3", one.question), CARDS.answer(one, strings, one.text))),
  comparison: (card, strings) => {
    const heading = (scope, text) => el("th", { scope }, clean(text));
    const row = ({ label, cells }) => el("tr", heading("row", label), cells.map((cell) => words("td", cell)));
    const head = el("thead", el("tr", el("td"), card.columns.map((column) => heading("col", column))));
    return [el("table", words("caption", card.title), head, el("tbody", card.rows.map(row))), sources(card.sources, strings)];
  },
  pathway: (card, strings) => [
    words("h3", card.title),
    el("ol", card.steps.map(({ title, text }) => el("li", words("strong", title), el("div", linkified(text, strings))))),
    pairs("facts", listed(card.facts), labelled),
    points(strings.reasons, card.reasons),
    points(strings.unknown, card.unknown),
    sources(card.sources, strings),
  ],
  summary: (card, strings, text) => [words("h3", card.title), pairs("summary", card.rows, labelled), words("p", text.split("\n").pop())], // "Shall I send it?"
};

/** A message's card or, if there is none that can be shown, its text, which says the same. */
function content({ card, text }, strings) {
  try {
    const nodes = Object.hasOwn(CARDS, card.card) ? CARDS[card.card](card, strings, text).flat().filter(Boolean) : [];
    if (nodes.some((node) => node.textContent)) return nodes;
  } catch {} // a card of another shape than agreed
  return paragraph(text, strings);
}

export class CareerChatElement extends HTMLElement {
  static observedAttributes = ["open", "title", "greeting", "strings", "lang"];

  #root = this.attachShadow({ mode: "open" });
  #colours = new CSSStyleSheet();
  #ownStrings = {};
  #strings = STRINGS;
  #conversation = null;
  #ended = null;
  #ui = {};
  #nodes = new Map();
  #field = ""; // the card of the form's question, as JSON
  #unread = 0;
  #told = "idle";
  #ticking = 0;

  get server() {
    const given = this.getAttribute("server");
    const url = given && URL.canParse(given, document.baseURI) ? new URL(given, document.baseURI) : new URL(".", import.meta.url);
    return url.href.replace(/\/*$/, "/");
  }

  get storage() {
    const value = this.getAttribute("storage");
    return /^(none|days:\d{1,4})$/.test(value) ? value : "tab";
  }

  get strings() {
    let own;
    try {
      own = JSON.parse(this.getAttribute("strings"));
    } catch {
      console.warn("career-chat: 'strings' is not JSON; ignored.");
    }
    const all = Object.entries({ ...STRINGS, ...own, ...this.#ownStrings });
    return Object.fromEntries(all.map(([name, text]) => [name, clean(text)]));
  }

  set strings(value) {
    this.#ownStrings = value;
    this.#rebuild();
  }

  open() {
    this.toggleAttribute("open", true);
  }

  close() {
    this.toggleAttribute("open", false);
  }

  /** Returns whether the text can be sent: not empty, not too long. */
  send(text) {
    const said = clean(text).trim();
    if (!said || length(said) > this.#limit) return false;
    this.#submit({ text: said });
    return true;
  }

  reset() {
    this.#conversation.reset();
    this.#write("");
    this.#emit("restarted");
  }

  connectedCallback() {
    this.#ended = new AbortController();
    const { signal } = this.#ended;
    const conversation = new Conversation(this.server, this.storage, signal);
    const { open = this.hasAttribute("open") } = conversation.tab;
    this.toggleAttribute("open", open && !FULL_SCREEN.matches); // a small page is not covered unasked
    this.#conversation = conversation;
    conversation.addEventListener("change", ({ detail }) => this.#changed(detail));
    conversation.addEventListener("status", () => this.#showStatus());
    conversation.addEventListener("config", () => this.#describe());
    conversation.addEventListener("ended", () => this.#tell(this.#strings.elsewhere));
    conversation.addEventListener("failed", ({ detail }) => {
      if (detail.text) this.#write(`${detail.text}\n${this.#ui.input.value}`.trim()); // to be changed
      this.#complain(detail.message || this.#strings.unreadable);
      this.#emit("failed", { status: detail.status, error: detail.message || detail.kind });
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#paint(), { signal });
    FULL_SCREEN.addEventListener("change", () => this.hasAttribute("open") && this.#show(), { signal });
    for (const name of ["resize", "scroll"]) visualViewport.addEventListener(name, () => this.#fit(), { signal });
    addEventListener("keydown", (event) => this.#uncover(event), { signal });
    this.#build();
    if (this.hasAttribute("open")) this.#show();
    else if (conversation.session || conversation.messages.length) conversation.resume();
  }

  disconnectedCallback() {
    this.#ended.abort();
    clearInterval(this.#ticking);
    this.#conversation = null;
  }

  attributeChangedCallback(name, before, now) {
    if (!this.#conversation || before === now) return;
    if (name !== "open") this.#rebuild();
    else if (now === null) this.#hide();
    else if (!this.#ui.panel.open) this.#show(true);
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(`career-chat-${name}`, { bubbles: true, composed: true, detail }));
  }

  #rebuild() {
    if (!this.#conversation) return;
    this.#build();
    if (this.hasAttribute("open")) this.#show();
  }

  #build() {
    const strings = (this.#strings = this.strings);
    const ui = (this.#ui = {});
    const { draft = "" } = this.#conversation.tab;
    const button = (name, onclick, text, image) => el("button", { className: name, onclick, ...(image && { ariaLabel: text }) }, image ? icon(image) : text);
    const option = (text, act, name = "") => button(name, () => (this.#toggleMenu(true), act()), text);
    this.#nodes.clear();
    this.#field = "?"; // none yet

    ui.badge = el("span.badge", { hidden: true });
    ui.launcher = el("button.launcher", { ariaHasPopup: "dialog", onclick: () => this.open() }, icon("chat"), el("span", strings.launcher), ui.badge);

    ui.title = el("h2");
    ui.subtitle = el("p");
    ui.options = button("icon", () => this.#toggleMenu(), strings.options, "menu");
    ui.menu = el("div.menu", option(strings.copy, () => this.#copy()), option(strings.download, () => this.#download()), option(strings.reset, () => this.#confirm("reset", () => this.reset())), option(strings.forget, () => this.#confirm("forget", () => this.#forget()), "grave"));

    ui.hello = el("article.hello");
    ui.typing = el("div.typing", { hidden: true }, el("i"), el("i"), el("i"), el("span.away", strings.typing));
    ui.log = el("div.log", { role: "log", ariaLive: "off", ariaLabel: strings.log, tabIndex: -1 }, ui.hello, ui.typing);
    ui.log.onkeydown = (event) => this.#walk(event);
    ui.log.addEventListener("focusin", ({ target }) => this.#stops(target.closest("article")));

    ui.statusText = el("p");
    ui.tryNow = button("", () => this.#conversation.tryNow(), strings.tryNow);
    ui.status = el("div.status", { hidden: true }, ui.statusText, ui.tryNow);
    ui.label = el("label", { htmlFor: "input" });
    ui.input = el("textarea");
    ui.error = el("p.failed", { id: "error" });
    ui.counter = el("p.counter", { id: "counter", hidden: true });
    ui.form = el("form", { noValidate: true }, ui.label, el("div.entry", ui.input, el("button.icon.send", { ariaLabel: strings.send }, icon("send"))), el("div.hints", ui.error, ui.counter));
    ui.form.onsubmit = (event) => (event.preventDefault(), this.#send());

    [ui.live, ui.liveInside] = [0, 1].map(() => el("div.away", { ariaLive: "polite" })); // a modal dialog silences the page
    const head = el("div.head", el("div.names", ui.title, ui.subtitle), ui.options, button("icon", () => this.close(), strings.close, "close"), ui.menu);
    ui.panel = el("dialog.panel", { tabIndex: -1 }, head, ui.log, el("div.foot", ui.status, ui.form), ui.liveInside);
    ui.panel.onkeydown = (event) => this.#escape(event);
    ui.panel.oncancel = (event) => (event.preventDefault(), this.close());
    ui.panel.addEventListener("focusout", ({ relatedTarget: to }) => to && !ui.menu.contains(to) && to !== ui.options && this.#toggleMenu(true, false));
    ui.confirm = el("dialog.confirm", { role: "alertdialog", "aria-describedby": "ask" });
    ui.probe = el("i", { hidden: true });
    // The empty title keeps the element's from being a tooltip.
    ui.region = el("div", { role: "region", title: "", lang: this.lang || "en" }, ui.launcher, ui.panel, ui.confirm, ui.live, ui.probe);
    const style = new CSSStyleSheet();
    style.replaceSync(STYLE);
    this.#root.adoptedStyleSheets = [style, this.#colours];
    this.#root.replaceChildren(ui.region);
    this.#toggleMenu(true, false);
    this.#paint();
    this.#ask("");
    this.#write(draft);
    this.#describe();
    this.#showStatus();
  }

  #paint() {
    this.#colours.replaceSync(paletteRule(this.#ui.probe));
  }

  #describe() {
    const { config } = this.#conversation;
    const { hello, title, subtitle, region, panel } = this.#ui;
    const strings = this.#strings;
    title.textContent = clean(this.title) || clean(config.title) || strings.title;
    region.ariaLabel = panel.ariaLabel = title.textContent;
    subtitle.textContent = [strings.subtitle, clean(config.college)].filter(Boolean).join(" · ");
    const greeting = clean(this.getAttribute("greeting")) || clean(config.greeting) || strings.greeting;
    const kept = clean(config.privacy);
    const notice = config.privacy_url && link(strings.privacy, config.privacy_url, strings, this.server);
    hello.ariaLabel = `${strings.assistant}: ${greeting} ${kept}`;
    hello.replaceChildren(el("div.bubble", el("p.said", linkified(greeting, strings)), el("p.privacy", linkified(kept, strings), " ", notice)), this.#choices(usable(config.buttons)));
    this.#changed([]);
  }

  #changed(added) {
    const { hello, panel, log } = this.#ui;
    const { messages } = this.#conversation;
    const scroller = this.#scroller;
    const { scrollHeight, scrollTop, clientHeight } = scroller;
    const wasAtEnd = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
    const held = this.#root.activeElement;
    const isHere = new Set(messages.map(({ id }) => id));
    for (const [id, node] of this.#nodes) if (!isHere.has(id)) node.remove(), this.#nodes.delete(id);
    let isNews = !this.#nodes.size;
    let before = hello;
    for (const message of messages) {
      if (!this.#nodes.has(message.id)) {
        this.#nodes.set(message.id, this.#article(message));
        isNews ||= message.state === "waiting";
      }
      const node = this.#nodes.get(message.id);
      if (before.nextSibling !== node) before.after(node);
      before = node;
    }
    let answer;
    for (const message of messages.toReversed()) {
      this.#update(this.#nodes.get(message.id), message, answer);
      if (message.from === "visitor") answer = message;
    }
    hello.lastChild.hidden = Boolean(answer) || !hello.lastChild.firstChild;
    const last = messages.at(-1);
    if (!messages.some(({ state }) => state === "waiting")) this.#ask(last?.card.card === "field" ? JSON.stringify(last.card) : "");
    if (held && !held.checkVisibility()) this.#goOn(); // never lost
    this.#stops();
    for (const message of added) {
      this.#emit("received", { id: message.id, topic: message.topic });
      this.#say([`${this.#strings.assistant}: ${withoutSources(message.text)}`, ...message.buttons.map(({ title }) => clean(title))].join("\n"));
    }
    if (!panel.open) this.#showUnread(this.#unread + added.length);
    if (!last) return;
    const { id, from } = added[0] ?? last;
    if (isNews || (wasAtEnd && from === "visitor")) scroller.scrollTop = scroller.scrollHeight;
    else if (wasAtEnd) scroller.scrollTop = Math.max(scrollTop, this.#nodes.get(id).offsetTop - log.offsetTop - 12);
  }

  #article(message) {
    const strings = this.#strings;
    const { from, card, time, topic } = message;
    const text = from === "notice" ? strings[message.text] : withoutSources(message.text);
    const bubble = el("div", { className: `bubble card-${card.card}` }, from === "assistant" ? content(message, strings) : el("p.said", linkified(text, strings)));
    const article = el("article", { className: from, ariaLabel: from === "notice" ? text : `${strings[from === "visitor" ? "you" : "assistant"]}: ${text}` }, bubble);
    if (from === "notice") return article;
    const choices = [...(card.more === true ? [{ text: strings.more, title: strings.more }] : []), ...message.buttons];
    const date = new Date(time);
    const rate = [true, false].map((value) => {
      const word = value ? strings.yes : strings.no;
      return el("button", { ariaLabel: `${word}, ${strings.helpful}`, onclick: () => this.#rate(message, value) }, word);
    });
    const isToday = date.toDateString() === new Date().toDateString();
    const clock = date.toLocaleString([], { timeStyle: "short", dateStyle: isToday ? undefined : "medium" });
    article.append(
      this.#choices(choices),
      el("div.meta", el("time", { dateTime: date.toISOString() }, clock), el("span"), topic && el("span.rate", { role: "group", ariaLabel: strings.helpful }, el("span"), rate)),
    );
    return article;
  }

  #choices(buttons) {
    return el("div.choices", { role: "group", ariaLabel: this.#strings.choices, hidden: !buttons.length }, buttons.map((button) => this.#choice(button)));
  }

  #choice({ title, payload, text }) {
    const button = el("button.choice", { value: payload ?? "" }, clean(title));
    button.onclick = () => {
      if (button.ariaDisabled === "true") return;
      this.#goOn(button);
      this.#submit(text ? { text } : { payload, title });
    };
    return button;
  }

  /** Shows what changes about a message. `answer`: what the visitor said next. */
  #update(article, message, answer) {
    const strings = this.#strings;
    const state = article.querySelector("time + span");
    if (state && state.className !== (message.state ?? "")) {
      state.className = message.state ?? "";
      state.replaceChildren();
      if (state.className === "failed") state.append(strings.notSent, " ", el("button", { onclick: () => this.#conversation.resend(message) }, strings.again));
    }
    if (message.state === "waiting") state.textContent = WRITING.includes(this.#conversation.status.kind) ? strings.sending : strings.waiting;
    for (const choice of article.querySelectorAll(".choice")) {
      // A topic can be asked for at any time; other choices only while their question is open.
      choice.ariaDisabled = String(Boolean(answer) && !choice.value.startsWith("/ask_"));
      if (!answer || choice.className !== "choice" || clean(answer.text) !== choice.textContent) continue;
      choice.className = "choice chosen";
      choice.append(el("span.away", ` ${strings.chosen}`));
    }
    const rate = article.querySelector(".rate");
    if (!rate) return;
    const rating = this.#conversation.rating(message.id);
    rate.hidden = !message.topic;
    rate.firstChild.textContent = rating === undefined ? strings.helpful : strings.thanks;
    rate.querySelectorAll("button").forEach((button, index) => (button.ariaPressed = String(rating === (index === 0))));
  }

  async #rate(message, helpful) {
    this.#say(this.#strings.thanks);
    this.#emit("rated", { id: message.id, topic: message.topic, helpful });
    await this.#conversation.rate(message.id, helpful).catch((error) => this.#complain(error.message || this.#strings.down));
  }

  #say(text) {
    const { panel, live, liveInside } = this.#ui;
    const spoken = el("p", text);
    (panel.matches(":modal") ? liveInside : live).append(spoken);
    setTimeout(() => spoken.remove(), SPOKEN_MS);
  }

  #show(byVisitor = false) {
    const { panel, launcher, hello } = this.#ui;
    const conversation = this.#conversation;
    const held = this.#root.activeElement;
    if (panel.open && panel.matches(":modal") !== FULL_SCREEN.matches) panel.close();
    if (!panel.open && FULL_SCREEN.matches) panel.showModal();
    panel.open = true; // `show()` would move the focus
    launcher.hidden = true;
    this.#showUnread(0);
    this.#fit();
    this.#paint();
    if (conversation.messages.length) this.#scroller.scrollTop = this.#scroller.scrollHeight;
    conversation.tab = { open: true };
    conversation.resume();
    const told = conversation.loadConfig();
    if (!byVisitor) return held?.focus();
    this.#goOn();
    told.then(() => !hello.nextSibling.matches("article") && this.#say(hello.ariaLabel));
    this.#emit("opened");
  }

  /** Focuses the input, unless by touch: a keyboard would cover much. */
  #goOn(otherwise = this.#ui.panel) {
    (matchMedia("(pointer: coarse)").matches ? otherwise : this.#ui.input).focus();
  }

  #hide() {
    const { panel, launcher } = this.#ui;
    const hadFocus = this.#root.activeElement;
    this.#toggleMenu(true, false);
    launcher.hidden = false;
    panel.close();
    if (hadFocus) launcher.focus();
    this.#conversation.tab = { open: false };
    this.#emit("closed");
  }

  #showUnread(count) {
    this.#unread = count;
    this.#ui.badge.hidden = !count;
    this.#ui.badge.textContent = fill(this.#strings.unread, { n: count });
  }

  #fit() {
    const { height, offsetTop, scale } = visualViewport;
    for (const [name, value] of Object.entries({ height, top: offsetTop })) this.#ui.panel.style.setProperty(`--_${name}`, scale === 1 ? `${value}px` : "");
  }

  #escape(event) {
    if (event.key !== "Escape" || event.isComposing) return;
    event.preventDefault();
    if (this.#ui.menu.hidden) this.close();
    else this.#toggleMenu(true);
  }

  /** Escape on the page closes what covers the focus there (WCAG 2.4.11). */
  #uncover({ key, target, defaultPrevented }) {
    if (key !== "Escape" || defaultPrevented || target === this) return;
    const { x, y, width, height } = target.getBoundingClientRect();
    if (document.elementFromPoint(x + width / 2, y + height / 2) === this) this.close();
  }

  #toggleMenu(isHidden = !this.#ui.menu.hidden, focus = true) {
    const { menu, options } = this.#ui;
    menu.hidden = isHidden;
    options.ariaExpanded = String(!isHidden);
    if (focus) options.focus();
  }

  // The transcript's one tab stop: a message, the last until another is chosen. Tab goes on to what is in it.

  get #articles() {
    return [...this.#ui.log.querySelectorAll("article")];
  }

  #stops(chosen) {
    const articles = this.#articles;
    const held = this.#root.activeElement?.closest("article");
    const stop = chosen ?? held ?? articles.at(-1);
    for (const article of articles) {
      article.tabIndex = article === stop ? 0 : -1;
      for (const control of article.querySelectorAll("a, button, summary")) control.tabIndex = control.ariaDisabled === "true" ? -1 : article.tabIndex;
    }
  }

  #walk(event) {
    const articles = this.#articles;
    const here = articles.indexOf(event.target.closest("article"));
    const to = { ArrowUp: Math.max(here - 1, 0), ArrowDown: here + 1, Home: 0, End: articles.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    articles[to]?.focus();
  }

  /** What scrolls: the transcript; on a low screen the whole dialog. */
  get #scroller() {
    const { log, panel } = this.#ui;
    return getComputedStyle(log).overflowY === "visible" ? panel : log;
  }

  /** Turns the input into that of a form's question, or back. */
  #ask(field) {
    if (field === this.#field) return;
    this.#field = field;
    const { input: before, label, form } = this.#ui;
    const { name = "message", label: title = this.#strings.input, type, autocomplete = "off" } = field ? JSON.parse(field) : {};
    const input = el(field ? "input" : "textarea", { id: "input", name: clean(name), autocomplete: clean(autocomplete), enterKeyHint: "send", value: before.value, "aria-describedby": "error counter" });
    if (field) input.type = /^(email|tel)$/.test(type) ? type : "text";
    else input.rows = 1;
    input.oninput = () => this.#typed();
    input.onkeydown = (event) => this.#enter(event);
    const hadFocus = this.#root.activeElement === before;
    before.replaceWith(input);
    this.#ui.input = input;
    if (hadFocus) input.focus();
    label.textContent = clean(title);
    form.className = field && "named";
    this.#typed();
  }

  #write(text) {
    this.#ui.input.value = text;
    this.#typed();
  }

  get #limit() {
    return Number(this.#conversation.config.message_characters_max) || CHARACTERS_MAX;
  }

  #typed() {
    const { input, counter } = this.#ui;
    const n = length(input.value.trim());
    const isNear = n >= this.#limit * COUNTER_FROM;
    this.#conversation.tab = { draft: input.value };
    counter.textContent = fill(this.#strings.counter, { n, max: this.#limit });
    if (isNear && counter.hidden) this.#say(counter.textContent);
    counter.hidden = !isNear;
    this.#complain("");
  }

  #complain(sentence) {
    const { input, error } = this.#ui;
    error.textContent = clean(sentence);
    if (sentence) this.#say(error.textContent);
    input.ariaInvalid = String(Boolean(sentence));
    input.parentNode.classList.toggle("wrong", sentence);
  }

  #enter(event) {
    // 229: a key of the input method (Safari's isComposing is false for the Enter that ends it).
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    this.#send();
  }

  #send() {
    const { input } = this.#ui;
    const text = input.value.trim();
    if (this.send(text)) return this.#write("");
    this.#complain(text ? fill(this.#strings.tooLong, { n: length(text) - this.#limit }) : this.#strings.nothing);
    input.focus();
  }

  #submit(request) {
    this.#complain("");
    this.#emit("sent", { id: this.#conversation.submit(request).id });
  }

  #showStatus() {
    const { status, statusText, tryNow, typing } = this.#ui;
    const { kind, until } = this.#conversation.status;
    const strings = this.#strings;
    const isWrong = kind !== "idle" && kind !== "sending";
    clearInterval(this.#ticking);
    typing.hidden = !WRITING.includes(kind);
    status.hidden = !isWrong;
    tryNow.hidden = !until;
    const show = () => {
      const n = Math.max(Math.round((until - Date.now()) / 1000), 0);
      const { office } = this.#conversation.config;
      statusText.textContent = [strings[kind], until && kind !== "offline" && fill(strings.retry, { n }), until && office && clean(fill(strings.person, office))].filter(Boolean).join(" ");
    };
    if (isWrong) show();
    if (until) this.#ticking = setInterval(show, 1000);
    if (isWrong && kind !== this.#told) this.#say(statusText.textContent);
    if (kind === "idle" && !["idle", "slow"].includes(this.#told)) this.#say(strings.online);
    if (kind !== "sending") this.#told = kind;
    this.#changed([]);
  }

  #tell(text) {
    const { statusText, status, tryNow } = this.#ui;
    this.#say(text);
    if (!status.hidden) return; // what is wrong matters more
    statusText.textContent = text;
    tryNow.hidden = true;
    status.hidden = false;
    setTimeout(() => this.#conversation && this.#showStatus(), TOLD_MS);
  }

  get #transcript() {
    const { you, assistant, ...strings } = this.#strings;
    const lines = this.#conversation.messages.map(({ from, time, text }) => (from === "notice" ? strings[text] : `${from === "visitor" ? you : assistant}, ${new Date(time).toLocaleString()}\n${clean(text)}`));
    return [this.#ui.title.textContent, ...lines].join("\n\n");
  }

  #copy() {
    const copying = navigator.clipboard?.writeText(this.#transcript) ?? Promise.reject(); // https only
    copying.then(() => this.#tell(this.#strings.copied), () => this.#download());
  }

  #download() {
    const address = URL.createObjectURL(new Blob([this.#transcript], { type: "text/plain" }));
    el("a", { href: address, download: "conversation.txt" }).click();
    setTimeout(() => URL.revokeObjectURL(address), TOLD_MS);
  }

  async #forget() {
    await this.#conversation.forget();
    this.#emit("deleted");
  }

  /** Asks before something is lost. */
  #confirm(name, act) {
    const { confirm, input } = this.#ui;
    const { [name]: title, [`${name}Text`]: text, [`${name}Done`]: done, cancel, notForgotten } = this.#strings;
    const run = async () => {
      this.#goOn();
      try {
        await act();
        this.#write("");
        this.#tell(done);
      } catch (error) {
        this.#complain(error.message || notForgotten);
      }
    };
    const button = (label, then) => el("button", { onclick: () => (confirm.close(), then?.()) }, label);
    confirm.ariaLabel = title;
    confirm.replaceChildren(el("h2", title), el("p", { id: "ask" }, text), el("div", button(cancel), button(title, run)));
    if (name === "reset" && !this.#conversation.messages.length && !input.value) run();
    else confirm.showModal(); // focuses the first button
  }
}
