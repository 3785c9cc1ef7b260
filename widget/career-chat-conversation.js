// The conversation with the server: session, messages, further tries, what the browser keeps.

const RETRY_FIRST_MS = 1000; // then twice as long each time
const RETRY_MOST_MS = 30_000; // how late a server that is back is noticed
const SLOW_AFTER_MS = 5000; // the project's bar for a sentence to read
const TIMEOUT_MS = 20_000; // four times that bar
const UNREADABLE_TRIES = 3; // more would not mend it
const DAY_MS = 86_400_000;

/** A request that failed. Its kind passes with time (offline, down, busy, unreadable) or not (session, refused, stopped). */
class RequestError extends Error {
  constructor(kind, status = 0, sentence = "", waitMs = 0) {
    super(sentence);
    Object.assign(this, { kind, status, waitMs, passes: ["offline", "down", "busy", "unreadable"].includes(kind) });
  }
}

/** What the browser keeps under a name; where it refuses, this page remembers. */
class Kept {
  #value = {};

  constructor(name, storage) {
    this.name = name;
    this.days = storage.startsWith("days:") ? storage.slice(5) : 0;
    try {
      this.area = storage === "none" ? null : this.days ? localStorage : sessionStorage;
    } catch {} // switched off
  }

  get value() {
    try {
      if (this.area) this.#value = JSON.parse(this.area.getItem(this.name)) ?? {};
    } catch {}
    return this.#value.until < Date.now() ? {} : this.#value;
  }

  write(changes) {
    // Another tab may have written since.
    this.#value = { ...this.value, ...changes, ...(this.days && { until: Date.now() + this.days * DAY_MS }) };
    try {
      this.area?.setItem(this.name, JSON.stringify(this.#value));
    } catch {
      this.area = null; // full
    }
  }
}

const isText = (value) => typeof value === "string";

export const usable = (buttons) => (Array.isArray(buttons) ? buttons.filter((button) => isText(button?.title) && isText(button.payload)) : []);

function checked(reply, mayBeEmpty) {
  const messages = reply.messages;
  const isReadable = (one) => one && /^(visitor|assistant)$/.test(one.from) && isText(one.text) && isText(one.id);
  if (!Array.isArray(messages) || !messages.every(isReadable)) throw new RequestError("unreadable");
  if (!mayBeEmpty && !messages.some((one) => one.from === "assistant")) throw new RequestError("unreadable");
  return messages.map(({ id, from, text, time, buttons, card, topic }) => ({
    id,
    from,
    text,
    time: Date.parse(time) || Date.now(),
    buttons: usable(buttons),
    card: card && typeof card === "object" ? card : {},
    topic: isText(topic) ? topic : "",
  }));
}

// (`crypto.randomUUID` is for https pages only; an id is unique in its conversation.)
const newId = () => "xxxxxxxx-xxxx-4xxx-axxx-xxxxxxxxxxxx".replace(/x/g, () => Math.floor(Math.random() * 16).toString(16));

/** Events: `change` (detail: the replies not seen yet), `status`, `config`, `failed` (detail: the RequestError), `ended` (by another tab). */
export class Conversation extends EventTarget {
  status = { kind: "idle" }; // or sending, slow, a RequestError's kind; with the time of the next try
  messages;
  config = {};
  #kept;
  #tab;
  #channel;
  #life = new AbortController();
  #isBusy = false;
  #wakes = new Set();
  #opening = null;
  #seen = null; // the last session of this page

  constructor(server, storage, signal) {
    super();
    this.server = server;
    const name = `career-chat ${server}`;
    this.#kept = new Kept(name, storage);
    this.#tab = new Kept(`${name} tab`, storage === "none" ? storage : "tab");
    this.messages = this.#kept.value.pending ?? [];
    const network = () => {
      if (navigator.onLine) this.tryNow();
      if (!navigator.onLine || !this.#isBusy) this.#rest();
    };
    addEventListener("online", network, { signal });
    addEventListener("offline", network, { signal });
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = ({ data }) => this.#heard(data);
    signal.addEventListener("abort", () => {
      this.#stop();
      this.#channel.close();
    });
  }

  get session() {
    const { session } = this.#kept.value;
    this.#seen = session ?? this.#seen;
    return session;
  }

  /** What this tab alone remembers: `open`, and the `draft` in the input. */
  get tab() {
    return this.#tab.value;
  }

  set tab(changes) {
    this.#tab.write(changes);
  }

  rating(id) {
    return this.#kept.value.rated?.[id];
  }

  async loadConfig() {
    this.config = await this.#request("GET", "config").catch(() => this.config);
    this.#emit("config");
  }

  /** Reads the history back, then sends what is waiting. */
  async resume(history = true) {
    if (this.#isBusy) return;
    this.#isBusy = true;
    const life = this.#life;
    if (history && this.session) await this.#untilDone(() => this.#refresh()).catch((error) => this.#fail(error));
    for (let message; life === this.#life && (message = this.messages.find((one) => one.state === "waiting")); ) await this.#deliver(message);
    if (life !== this.#life) return;
    this.#isBusy = false;
    this.#rest();
  }

  /** Takes `{text}` or `{payload, title}`: shown at once, sent in its turn. */
  submit(request) {
    const message = { id: newId(), from: "visitor", text: request.title ?? request.text, time: Date.now(), buttons: [], card: {}, request };
    this.messages.push(message);
    this.resend(message);
    return message;
  }

  resend(message) {
    message.state = "waiting";
    this.#keep();
    this.resume(false);
  }

  tryNow() {
    for (const wake of this.#wakes) wake();
  }

  async rate(id, helpful) {
    const before = this.rating(id);
    this.#setRating(id, helpful);
    try {
      await this.#request("POST", "feedback", { message: id, helpful }, this.session);
      this.#tellTabs("changed");
    } catch (error) {
      this.#setRating(id, before);
      throw error;
    }
  }

  /** The next message begins another conversation. The server keeps this one until it expires or is deleted. */
  reset() {
    const { session, former = [] } = this.#kept.value;
    this.#leave(session ? [...former, session] : former);
  }

  /** Deletes this conversation and those left by starting over. */
  async forget() {
    const { session, former = [] } = this.#kept.value;
    this.#stop();
    for (const one of [...former, ...(session ? [session] : [])]) {
      try {
        await this.#request("DELETE", "conversation", undefined, one);
      } catch (error) {
        if (error.kind === "session") continue;
        this.resume();
        throw error;
      }
    }
    this.#leave([]);
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  #setStatus(kind, until) {
    this.status = { kind, until };
    this.#emit("status");
  }

  #rest() {
    this.#setStatus(navigator.onLine ? "idle" : "offline");
  }

  #fail(error) {
    if (!(error instanceof RequestError)) throw error;
    if (error.kind !== "stopped") this.#emit("failed", error);
  }

  #keep(added = []) {
    this.#kept.write({ pending: this.messages.filter((one) => one.state) });
    this.#emit("change", added);
  }

  #setRating(id, helpful) {
    this.#kept.write({ rated: { ...this.#kept.value.rated, [id]: helpful } });
    this.#emit("change", []);
  }

  #stop() {
    this.#life.abort();
    this.#life = new AbortController();
    this.#isBusy = false;
    this.#opening = null;
    this.tryNow();
    this.#rest();
  }

  #leave(former) {
    this.#tellTabs("ended");
    this.#stop();
    this.messages = [];
    this.#kept.write({ session: undefined, rated: {}, former });
    this.tab = { draft: "" };
    this.#keep();
  }

  #tellTabs(type) {
    this.#channel.postMessage({ type, session: this.session });
  }

  #heard({ type, session }) {
    if (type === "changed" && session && session === this.session) this.#refresh().catch(() => {});
    if (type !== "ended" || !session || session !== this.#seen) return;
    this.#stop();
    this.messages = [];
    if (this.session === session) this.#kept.write({ session: undefined });
    this.#seen = null;
    this.#keep();
    this.#emit("ended");
  }

  async #refresh() {
    const session = this.session;
    let messages;
    try {
      messages = checked(await this.#request("GET", "messages", undefined, session), true);
    } catch (error) {
      if (error.kind !== "session") throw error;
      return this.#expire(session);
    }
    // What is answered need not be sent again.
    for (const message of this.messages) {
      const place = messages.findIndex((one) => one.id === message.id);
      if (place >= 0 && messages.slice(place).some((one) => one.from === "assistant")) delete message.state;
    }
    this.#merge(messages, this.messages.findLastIndex((one) => one.from === "notice") + 1);
  }

  /** The server has forgotten the session: what was said stays, the next message opens another. */
  #expire(session) {
    if (this.session !== session) return;
    this.#kept.write({ session: undefined, rated: {} });
    for (const message of this.messages) message.topic = ""; // no more to be rated
    const first = this.messages.findIndex((one) => one.state);
    this.messages.splice(first < 0 ? Infinity : first, 0, { id: newId(), from: "notice", text: "expired", buttons: [], card: {} });
    this.#keep();
  }

  /** Adds what is not here yet, each after the one it follows on the server, the first at `place`. */
  #merge(messages, place) {
    const added = [];
    let isNew = place > 0; // what follows a message seen before; the rest is history
    for (const message of messages) {
      const here = this.messages.findIndex((one) => one.id === message.id);
      if (here < 0) this.messages.splice(place, 0, message);
      if (here < 0 && isNew && message.from === "assistant") added.push(message);
      isNew ||= here >= 0;
      place = (here < 0 ? place : here) + 1;
    }
    this.#keep(added);
  }

  async #deliver(message) {
    try {
      const replies = await this.#untilDone(async () => {
        this.#setStatus("sending");
        const slow = setTimeout(() => this.#setStatus("slow"), SLOW_AFTER_MS);
        try {
          return checked(await this.#inSession("POST", "messages", { id: message.id, ...message.request, page: { path: location.pathname.slice(0, 200) } }));
        } finally {
          clearTimeout(slow);
        }
      });
      delete message.state;
      this.#merge(replies, this.messages.indexOf(message) + 1);
      this.#tellTabs("changed");
    } catch (error) {
      if (error.kind === "refused") {
        this.messages = this.messages.filter((one) => one !== message);
        error.text = message.request.text;
      } else if (error.kind !== "stopped") message.state = "failed";
      this.#keep();
      this.#fail(error);
    }
  }

  async #inSession(method, path, body) {
    const session = await this.#openSession();
    return this.#request(method, path, body, session).catch(async (error) => {
      if (error.kind !== "session") throw error;
      this.#expire(session);
      return this.#request(method, path, body, await this.#openSession());
    });
  }

  // Opened with the first message: who only looks leaves no trace.
  async #openSession() {
    if (this.session) return this.session;
    this.#opening ??= this.#request("POST", "session", {}).finally(() => (this.#opening = null));
    const { session } = await this.#opening;
    if (!isText(session)) throw new RequestError("unreadable");
    if (!this.session) this.#kept.write({ session });
    return this.session;
  }

  /** Runs a task until it succeeds, or until another try cannot help. */
  async #untilDone(task) {
    const life = this.#life;
    for (let tries = 1; ; tries++) {
      try {
        return await task();
      } catch (error) {
        if (!error.passes || (error.kind === "unreadable" && tries === UNREADABLE_TRIES)) throw error;
        const most = Math.min(RETRY_FIRST_MS * 2 ** (tries - 1), RETRY_MOST_MS);
        const waitMs = Math.max(Math.min(error.waitMs, DAY_MS), most * (0.5 + Math.random() / 2)); // not all pages at once
        this.#setStatus(error.kind, Date.now() + waitMs);
        await new Promise((wake) => {
          this.#wakes.add(wake);
          setTimeout(wake, waitMs);
        });
        this.#wakes.clear();
        if (life !== this.#life) throw new RequestError("stopped");
      }
    }
  }

  async #request(method, path, body, session) {
    const life = this.#life.signal;
    let response, text;
    try {
      response = await fetch(this.server + path, {
        method,
        credentials: "omit",
        signal: AbortSignal.any([life, AbortSignal.timeout(TIMEOUT_MS)]),
        headers: { ...(body && { "Content-Type": "application/json" }), ...(session && { Authorization: `Bearer ${session}` }) },
        body: JSON.stringify(body),
      });
      text = await response.text();
    } catch {
      throw new RequestError(life.aborted ? "stopped" : navigator.onLine ? "down" : "offline");
    }
    const { status, ok, headers } = response;
    let json = null;
    try {
      json = JSON.parse(text || (status === 204 ? "{}" : ""));
    } catch {}
    if (ok && json) return json;
    const kind = ok ? "unreadable" : status === 401 ? "session" : status === 429 ? "busy" : status >= 500 || status === 408 ? "down" : "refused";
    const after = headers.get("Retry-After");
    throw new RequestError(kind, status, isText(json?.error) ? json.error : "", after * 1000 || Date.parse(after) - Date.now() || 0);
  }
}
