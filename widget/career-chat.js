// Defines <career-chat>; where the page has none, adds one with the `data-` attributes of the script tag.

import { CareerChatElement } from "./career-chat-element.js";

if (!customElements.get("career-chat")) customElements.define("career-chat", CareerChatElement);

const tag = [...document.scripts].find((script) => script.src === import.meta.url);
if (tag?.dataset.launcher !== "off" && !document.querySelector("career-chat")) {
  const chat = document.createElement("career-chat");
  for (const { name, value } of tag?.attributes ?? []) if (name.startsWith("data-") && name !== "data-launcher") chat.setAttribute(name.slice(5), value);
  document.body.append(chat);
}
