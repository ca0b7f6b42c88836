// What all widgets share: elements, a slider with a number beside it, light and dark, words for screen readers,
// the state as a table, as Python and as a link, and a small model for pages that have no kernel.

/** h("p", { className: "a", onclick: f, "aria-label": "b" }, ...children) makes an element. */
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (key in node) node[key] = value;
    else node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}

/** An element of a drawing, with its attributes. */
export function svgElement(tag, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** A button that keeps the focus when `allow` has said that it cannot be pressed. */
export const pressable = (text, onclick, props = {}) => h("button", { type: "button", onclick: (event) => { if (event.currentTarget.ariaDisabled !== "true") onclick(event); }, ...props }, text);
export const allow = (button, can) => { button.ariaDisabled = String(!can); };

/** labels.key with its {places} filled in. */
export const translator = (labels) => (key, values = {}) => labels[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);

/** A number as text: four decimals, powers of ten where those would show nothing. */
export function show(x, digits = 4) {
  const text = x !== 0 && Math.abs(x) < 0.5 * 10 ** -digits ? x.toExponential(1) : x.toFixed(digits);
  return x === -Infinity ? "−∞" : x === 0 ? "0" : text.replace("-", "−");
}

/** Does the page around us show dark? Book theme, JupyterLab, Colab, VS Code, then the system. */
export function isDark() {
  const [html, body] = [document.documentElement, document.body];
  const said = html.dataset.theme || html.getAttribute("theme") || { true: "light", false: "dark" }[body.dataset.jpThemeLight];
  if (said === "dark" || said === "light") return said === "dark";
  if (body.className.includes("vscode-")) return /vscode-(dark|high-contrast(?!-light))/.test(body.className);
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

/** Call back now and whenever the page turns light or dark; returns how to stop. */
function watchTheme(react) {
  let was = null;
  const tell = () => { const dark = isDark(); if (dark !== was) react((was = dark)); };
  const system = matchMedia("(prefers-color-scheme: dark)");
  const observer = new MutationObserver(tell);
  for (const node of [document.documentElement, document.body]) observer.observe(node, { attributes: true });
  system.addEventListener("change", tell);
  tell();
  return () => { observer.disconnect(); system.removeEventListener("change", tell); };
}

/** A card inside `el`, closed off from the page's own styles; say() speaks when the reader pauses. */
export function stage(el, label, css, onTheme = () => {}) {
  const host = h("div", { role: "group", "aria-label": label });
  // Notebook front ends take single keys as commands and cannot see inputs behind a shadow root.
  host.setAttribute("data-lm-suppress-shortcuts", "true");
  for (const type of ["keydown", "keyup", "keypress"]) host.addEventListener(type, (event) => event.stopPropagation());
  const card = h("div", { className: "card" });
  const status = h("p", { className: "said", role: "status" });
  host.attachShadow({ mode: "open" }).append(h("style", { textContent: SHARED_CSS + css }), card, status);
  el.append(host);
  let timer;
  const say = (text) => { clearTimeout(timer); timer = setTimeout(() => { status.textContent = text; }, 700); };
  const unwatch = watchTheme((dark) => { card.classList.toggle("dark", dark); onTheme(dark); });
  return { card, say, done: () => { clearTimeout(timer); unwatch(); host.remove(); } };
}

/** Listen to several traits; returns how to stop. */
export function listen(model, names, react) {
  for (const name of names) model.on(`change:${name}`, react);
  return () => { for (const name of names) model.off(`change:${name}`, react); };
}

/** Change traits, here and in Python. */
export function change(model, values) {
  for (const [name, value] of Object.entries(values)) model.set(name, value);
  model.save_changes();
}

/** Slider over `stops` and a number to type; null is "off" and sits at the right end where `off` is given. */
export function dial({ name, stops, step, off, ends = [], onChange }) {
  const positions = off ? [...stops, null] : stops;
  const [low, high] = [stops[0], stops[stops.length - 1]];
  const range = h("input", { type: "range", min: 0, max: positions.length - 1, "aria-label": name });
  const typed = h("input", { type: "number", min: low, max: high, step, placeholder: off || "", "aria-label": name });
  const nearest = (value) => stops.reduce((best, s, i) => (Math.abs(s - value) < Math.abs(stops[best] - value) ? i : best), 0);
  const set = (value) => {
    range.value = value === null ? positions.length - 1 : nearest(value);
    if (typed.getRootNode().activeElement !== typed) typed.value = value ?? "";
    range.setAttribute("aria-valuetext", value ?? off);
  };
  range.oninput = () => onChange(positions[range.value]);
  typed.onchange = () => {
    const value = Number.parseFloat(typed.value);
    const whole = step === 1 ? Math.round(value) : value;
    const wanted = Number.isNaN(value) ? (off ? null : positions[range.value]) : Math.min(high, Math.max(low, whole));
    typed.value = wanted ?? "";
    onChange(wanted);
  };
  const el = h("div", { className: "dial" }, h("span", { className: "name" }, name), range, typed);
  if (ends.length) el.append(h("div", { className: "ends soft" }, ...ends.map((text) => h("span", {}, text))));
  return { el, set };
}

/** The field of the trait `seed`: what is no number is put back, what is too large is cut. */
export function seedField(model, t) {
  const most = 2 ** 32 - 1;
  const field = h("input", { type: "number", min: 0, max: most, step: 1, "aria-label": t("seed") });
  field.onchange = () => {
    const wanted = Math.round(Number.parseFloat(field.value));
    const seed = Number.isNaN(wanted) ? model.get("seed") : Math.min(most, Math.max(0, wanted));
    field.value = seed;
    change(model, { seed });
  };
  const set = () => { if (field.getRootNode().activeElement !== field) field.value = model.get("seed"); };
  return { field, set };
}

/** Up, down, Home, End (and left, right) inside a list of n: the new index, or null for any other key. */
export function arrowed(event, index, n) {
  const to = { ArrowUp: index - 1, ArrowLeft: index - 1, ArrowDown: index + 1, ArrowRight: index + 1, Home: 0, End: n - 1 }[event.key];
  if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return null;
  event.preventDefault();
  return Math.min(n - 1, Math.max(0, to));
}

/** The state in the address for this kind of widget, {} if there is none or it is nonsense. */
export function fromAddress(kind) {
  const found = new RegExp(`[#&]${kind}=([^&]*)`).exec(location.hash);
  if (!found) return {};
  try {
    const state = JSON.parse(decodeURIComponent(found[1]));
    return state && typeof state === "object" && !Array.isArray(state) ? state : {};
  } catch { return {}; }
}

/** The address of this page with a state in it. */
export const addressOf = (kind, state) => `${location.href.split("#")[0]}#${kind}=${encodeURIComponent(JSON.stringify(state))}`;

/** Put a text where the reader can paste it from; says whether that was allowed. */
export async function copy(text) {
  try { await navigator.clipboard.writeText(text); return true; } catch { return false; }
}

/** A value as Python writes it. */
export function python(value) {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(python).join(", ")}]`;
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

/** A table of text: a row of names, and rows. */
export function tableOf(head, rows) {
  const line = (kind, list) => h("tr", {}, ...list.map((text) => h(kind, {}, text)));
  return h("table", {}, h("thead", {}, line("th", head)), h("tbody", {}, ...rows.map((row) => line("td", row))));
}

/**
 * What stands below every widget: the numbers as a table, the call in Python that makes this very state, and a
 * link to it. `numbers()` gives [names, rows], `call()` the Python, `state()` what the address takes along.
 */
export function below({ t, kind, numbers, call, state }) {
  const told = h("p", { className: "soft told", role: "status" });
  const place = h("div", { className: "whole" });
  const refresh = () => { if (details.open) place.replaceChildren(tableOf(...numbers())); };
  const details = h("details", { ontoggle: refresh }, h("summary", {}, t("as_table")), place);
  const tell = async (text) => { told.textContent = (await copy(text)) ? t("copied") : text; };
  const button = (key, text) => h("button", { type: "button", onclick: () => tell(text()) }, t(key));
  const el = h("div", { className: "after" }, details, h("div", { className: "row share" }, button("copy_python", call), button("copy_link", () => addressOf(kind, state()))), told);
  return { el, refresh };
}

/** The model of a page without a kernel: it keeps the values and tells who listens. */
export function pageModel(state) {
  const listeners = {};
  return {
    get: (name) => state[name],
    set(name, value) {
      if (JSON.stringify(state[name]) === JSON.stringify(value)) return;
      state[name] = value;
      for (const react of [...(listeners[`change:${name}`] || [])]) react();
    },
    on: (event, react) => (listeners[event] ??= new Set()).add(react),
    off: (event, react) => listeners[event]?.delete(react),
    save_changes() {},
  };
}

/** Settled when an element is about to be seen: what is never looked at asks for nothing. */
const nearlySeen = (el) => new Promise((resolve) => {
  const watch = new IntersectionObserver(([entry]) => { if (entry.isIntersecting) { watch.disconnect(); resolve(); } }, { rootMargin: "100%" });
  watch.observe(el);
});

const files = {};

/** What is too large for every output to carry: a page of the site loads the file, once; a kernel is asked for it. */
export async function provided(model, el, file) {
  await nearlySeen(el);
  if (typeof lmBase !== "undefined") return (files[file] ??= fromFile(file));
  if (!model.send) throw new Error(`${file}: this page has none`);
  return fromKernel(model, file);
}

const fromFile = (file) => new Promise((resolve, reject) => {
  globalThis.lmProvide = { ...globalThis.lmProvide, [file]: resolve };
  document.head.append(h("script", { src: lmBase + file, onerror: () => reject(new Error(`${file}: not found`)) }));
});

// A kernel that is busy answers late, so nobody gives up.
const fromKernel = (model, file) => new Promise((resolve) => {
  const hear = (message) => {
    if (message.provided !== file) return;
    model.off("msg:custom", hear);
    resolve(message.content);
  };
  model.on("msg:custom", hear);
  model.send({ provide: file });
});

/** Bring every figure of this kind on the page to life; where that fails, its picture stays. */
export function mountAll(kind, render) {
  for (const figure of document.querySelectorAll(`figure.lm-widget[data-widget="${kind}"]:not([data-live])`)) {
    figure.dataset.live = "";
    const state = JSON.parse(figure.querySelector('script[type="application/json"]').textContent);
    const el = h("div");
    figure.querySelector("img").before(el);
    try {
      render({ model: pageModel(state), el });
      figure.querySelector("img").remove();
    } catch (error) {
      el.remove();
      console.error(error);
    }
  }
}
