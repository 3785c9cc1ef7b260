// The style sheet, and colours that stay readable.

const TEXT = 4.5; // contrast: WCAG 2.1, 1.4.3
const PARTS = 3; // of borders and focus rings: 1.4.11

// What a site may set; follows the `color-scheme` of the element.
const COLOURS = { accent: "light-dark(#0f4c5c, #17677c)", surface: "light-dark(#fff, #14191d)" };

const luminance = (colour) => {
  const [red, green, blue] = colour.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};

/** WCAG's contrast of two colours, 1 to 21. A colour is [red, green, blue], each 0 to 1. */
export function contrast(one, other) {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

const mix = (one, other, share) => one.map((part, index) => part + (other[index] - part) * share);

// The colour, moved to black or white until it stands out from the backgrounds.
function readable(colour, backgrounds, ratio) {
  const least = (one) => Math.min(...backgrounds.map((background) => contrast(one, background)));
  const [target] = [[0, 0, 0], [1, 1, 1]].sort((a, b) => least(b) - least(a));
  let moved = colour;
  for (let step = 1; least(moved) < ratio && step <= 50; step++) moved = mix(colour, target, step / 50);
  return moved;
}

/** Every colour of the style sheet, from the two that a site may set. */
export function palette({ accent, surface }) {
  const body = readable(surface, [surface], 15); // its shades keep AA
  const bubble = mix(surface, body, contrast(surface, body) > 7 ? 0.06 : 0);
  const grounds = [surface, bubble];
  return {
    accent,
    surface,
    bubble,
    text: body,
    onaccent: contrast([1, 1, 1], accent) >= TEXT ? [1, 1, 1] : [0, 0, 0],
    muted: readable(mix(body, surface, 0.35), grounds, TEXT),
    link: readable(accent, grounds, TEXT),
    edge: readable(mix(surface, body, 0.4), grounds, PARTS),
    error: readable([0.72, 0.09, 0.11], grounds, TEXT),
  };
}

/** A style rule with the colours in force on an element. */
export function paletteRule(probe) {
  const chosen = {};
  for (const [name, otherwise] of Object.entries(COLOURS)) {
    // Mixed, any notation is computed to `color(srgb red green blue)`.
    probe.style.color = `color-mix(in srgb, var(--career-chat-${name}, ${otherwise}) 100%, red 0%)`;
    chosen[name] = getComputedStyle(probe).color.match(/[\d.e-]+/g).slice(0, 3).map((part) => Math.min(Math.max(part, 0), 1));
  }
  const rules = Object.entries(palette(chosen)).map(([name, colour]) => `--_${name}:rgb(${colour.map((part) => part * 255).join(" ")})`);
  return `:host{${rules.join(";")}}`;
}

export const STYLE = `
:host {
  color-scheme: light dark;
  --_radius: var(--career-chat-radius, 14px);
  --_on-warn: light-dark(#5c3b00, #f6dcab);
  --_warn: light-dark(#fdf0d8, #3a2d14);
  --_line: color-mix(in srgb, var(--_text) 16%, var(--_surface));
  font: 400 1rem/1.5 var(--career-chat-font, inherit);
  letter-spacing: normal; text-align: start; text-transform: none;
}
:host([hidden]), [hidden] { display: none !important; }
/* Transparent borders show in forced colours. */
*, ::before { box-sizing: border-box; margin: 0; padding: 0; font: inherit; unicode-bidi: plaintext; }
button, input, textarea { color: inherit; background: none; border: 1px solid transparent; border-radius: 10px; }
button, summary { cursor: pointer; min-height: 44px; }
svg { flex: none; width: 1.25em; height: 1.25em; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; }
a { color: inherit; overflow-wrap: anywhere; }
h2, h3, caption, strong, dt, th { font-weight: 650; line-height: 1.35; text-align: start; }
.away { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
/* One of two rings stands out from whatever is behind. */
:focus-visible { outline: 2px solid var(--_link); outline-offset: 2px; box-shadow: 0 0 0 2px var(--_surface); }

.launcher, .panel, .confirm { position: fixed; z-index: var(--career-chat-z-index, 2147483000); inset: auto 20px 20px auto; inset-inline: auto 20px; border: 1px solid var(--_line); border-radius: var(--_radius); background: var(--_surface); color: var(--_text); box-shadow: 0 1px 3px #0003, 0 8px 40px #0004; }
:host([position="start"]) :is(.launcher, .panel, .confirm) { inset-inline: 20px auto; }
.launcher { display: flex; align-items: center; gap: .6em; max-width: calc(100vw - 40px); min-height: 54px; padding: .6em 1.3em .6em 1.1em; border-color: transparent; border-radius: 27px; background: var(--_accent); color: var(--_onaccent); font-weight: 600; }
.badge { padding: 0 .6em; border-radius: 1em; background: var(--_onaccent); color: var(--_accent); font-size: .85em; }

.panel { width: 412px; max-width: none; height: min(700px, 100dvh - 40px); max-height: none; overflow: hidden; }
.panel[open] { display: flex; flex-direction: column; }
.panel:focus { outline: none; }
.head { position: relative; display: flex; align-items: center; padding: .6rem .5rem .6rem 1.1rem; background: var(--_accent); color: var(--_onaccent); }
.names { flex: 1; min-width: 0; font-size: .82rem; }
.names h2 { font-size: 1.05rem; }
.icon { display: grid; place-items: center; flex: none; width: 44px; }
.head > :focus-visible { outline-color: currentColor; outline-offset: -4px; box-shadow: none; }
.head > .icon:hover, .icon[aria-expanded="true"] { background: color-mix(in srgb, currentColor 16%, transparent); }
.menu { position: absolute; z-index: 2; inset-block-start: calc(100% - 4px); inset-inline-end: .6rem; padding: .35rem; border: 1px solid var(--_edge); border-radius: 12px; background: var(--_surface); color: var(--_text); box-shadow: 0 8px 30px #0004; }
.menu button { display: block; width: 100%; text-align: start; padding: .4rem 1.4rem .4rem .9rem; font-size: .95rem; }
button:hover { text-decoration: underline; text-underline-offset: 3px; }
.grave { color: var(--_error); }
.names, label, .status p, #error { max-height: 11rem; overflow: auto; overflow-wrap: anywhere; }

.log { flex: 1; min-height: 0; overflow-y: auto; overscroll-behavior: contain; display: flex; flex-direction: column; gap: 1rem; padding: 1.1rem 1rem; font-size: .95rem; }
article { display: flex; flex-direction: column; gap: .45rem; align-items: flex-start; border-radius: 12px; }
.bubble, .typing { max-width: 94%; padding: .65rem .9rem; border: 1px solid transparent; border-radius: var(--_radius); border-end-start-radius: 4px; background: var(--_bubble); overflow-wrap: anywhere; }
.bubble > * + *, .part > * + * { margin-block-start: .6rem; }
.bubble > .part + .part { padding-block-start: .7rem; border-block-start: 1px solid var(--_line); }
.bubble a { color: var(--_link); }
.card-comparison, .card-pathway { width: 100%; max-width: 100%; }
.said { white-space: pre-wrap; }
.visitor { align-items: flex-end; }
.visitor .bubble { max-width: 86%; border-radius: var(--_radius); border-end-end-radius: 4px; background: var(--_accent); color: var(--_onaccent); }
.visitor .bubble a { color: inherit; }
.notice .bubble { width: 100%; max-width: none; background: none; color: var(--_muted); font-size: .86rem; text-align: center; }
.meta, .rate { display: flex; flex-wrap: wrap; align-items: center; gap: .2rem .5rem; font-size: .8rem; color: var(--_muted); }
.meta { padding-inline: .2rem; }
.meta :empty { display: none; }
.meta button, summary { min-height: 30px; }
.meta button { padding: .1rem .6rem; border-color: var(--_edge); border-radius: 8px; color: var(--_text); }
.failed { color: var(--_error); }

.choices { display: flex; flex-wrap: wrap; gap: .45rem; }
.choice { min-height: 40px; max-width: 100%; padding: .4rem .95rem; border-color: var(--_edge); border-radius: 20px; background: var(--_surface); color: var(--_link); line-height: 1.3; text-align: start; overflow-wrap: anywhere; }
.choice[aria-disabled="true"] { cursor: default; border-style: dashed; color: var(--_muted); text-decoration: none; }
.choice.chosen, [aria-pressed="true"] { border: 2px solid var(--_link) !important; color: var(--_link) !important; font-weight: 650; }
.chosen::before { content: "✓ " / ""; }

summary, .figures, .privacy { color: var(--_muted); font-size: .85rem; }
summary { padding-block: .3rem; }
:host(:dir(rtl)) .send svg { transform: scaleX(-1); }
.sources ul { display: grid; gap: .7rem; padding-block: .3rem; list-style: none; font-size: .88rem; }
.sources li { padding-inline-start: .8rem; border-inline-start: 2px solid var(--_line); }
dl { display: grid; grid-template-columns: fit-content(7rem) 1fr; gap: .3rem .9rem; align-items: baseline; }
dt { color: var(--_text); }
.dated { padding: .1em .6em; border-radius: 1em; background: var(--_warn); color: var(--_on-warn); white-space: nowrap; }

table { width: 100%; border-collapse: collapse; font-size: .88rem; line-height: 1.4; }
caption { padding-block-end: .45rem; font-size: .95rem; }
th, td { padding: .5rem .55rem; border-block-start: 1px solid var(--_line); vertical-align: top; overflow-wrap: break-word; }
tr > :first-child { padding-inline-start: 0; }
thead th, thead td { border: 0; }
ol { display: grid; gap: .8rem; list-style: none; counter-reset: step; }
ol li { position: relative; padding-inline-start: 2.3rem; counter-increment: step; }
ol li::before { content: counter(step); position: absolute; inset-inline-start: 0; width: 1.6rem; border: 1px solid var(--_edge); border-radius: 50%; background: var(--_surface); color: var(--_link); text-align: center; }
.points { padding-inline-start: 1.2rem; }
.hello .choices { flex-direction: column; }

.typing { display: flex; gap: .3rem; align-self: flex-start; padding-block: .9rem; }
.typing i { border: .25rem solid var(--_muted); border-radius: 50%; }
.foot { position: relative; padding: .6rem 1rem calc(.8rem + env(safe-area-inset-bottom)); border-block-start: 1px solid var(--_line); }
.status { display: flex; align-items: center; gap: .8rem; margin: -.6rem -1rem .6rem; padding: .5rem 1rem; background: var(--_warn); color: var(--_on-warn); font-size: .88rem; }
.status p { flex: 1; }
.status button { padding: .2rem .8rem; border-color: currentColor; }
label { display: block; margin-block-end: .25rem; color: var(--_muted); font-size: .85rem; }
.named label { color: var(--_text); font-weight: 650; }
.entry { display: flex; align-items: flex-end; gap: .3rem; padding: 3px; border: 1px solid var(--_edge); border-radius: 12px; }
.entry:focus-within { border-color: var(--_link); outline: 1px solid var(--_link); }
.wrong { border-color: var(--_error); }
#input { field-sizing: content; flex: 1; min-width: 0; min-height: 44px; max-height: 8.6rem; padding: .58rem .6rem; outline: 0; box-shadow: none; font-size: 1rem; resize: none; }
.send { background: var(--_accent); color: var(--_onaccent); }
.hints { display: flex; flex-wrap: wrap; align-items: center; gap: .35rem .8rem; font-size: .82rem; color: var(--_muted); }
.hints > * { margin-block-start: .35rem; }
.counter { margin-inline-start: auto; }

.confirm { width: 388px; max-width: calc(100vw - 2rem); margin: 0 12px 12px; padding: 1.2rem; }
.confirm::backdrop { background: #0006; }
.confirm div { display: flex; flex-wrap: wrap; justify-content: flex-end; gap: .6rem; margin-block-start: 1.1rem; }
.confirm button { padding: .4rem 1.1rem; border-color: var(--_edge); }
.confirm button + button { background: var(--_accent); color: var(--_onaccent); }

@media (pointer: coarse) { .choice, .meta button, summary { min-height: 44px; min-width: 44px; } summary { padding-block: .7rem; } }
/* A phone, or 300 % zoom: the whole screen but the keyboard. */
@media (max-width: 480px), (max-height: 420px) {
  :host .panel.panel { inset: var(--_top, 0) 0 auto; width: 100%; height: var(--_height, 100dvh); border: 0; border-radius: 0; }
  :host .confirm.confirm { inset-inline: 0; margin: 0 auto; }
  .launcher { min-width: 58px; min-height: 58px; padding: 0; justify-content: center; border-radius: 29px; font-size: 1.1rem; }
  .launcher span:not(.badge) { position: absolute; clip-path: inset(50%); }
  .badge { position: absolute; inset: -6px -6px auto auto; border: 1px solid; font-size: .8rem; }
}
@media (max-width: 360px) { th, td { overflow-wrap: anywhere; } }
/* Low: a phone on its side, 400 % zoom. All scrolls but the head. */
@media (max-height: 420px) { .panel[open] { display: block; overflow-y: auto; scroll-padding-block-start: 4rem; } .log { overflow: visible; } .head { position: sticky; top: 0; z-index: 1; } .names p { display: none; } }
@media (prefers-reduced-motion: no-preference) {
  .panel[open] { animation: rise .18s ease-out; }
  .typing i { animation: breathe 1.2s infinite ease-in-out; }
}
@keyframes rise { from { opacity: 0; transform: translateY(12px); } }
@keyframes breathe { 30% { opacity: .3; } }
`;
