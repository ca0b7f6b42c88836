// The chat with a real model, which llama.cpp runs in the page. Nothing is asked of another host, and nothing leaves
// the page. Behind every token stands what else the model could have written there.

const SYSTEM = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"; // what its template begins with
const CONTEXT = 2048, ANSWER = 200, ALTERNATIVES = 5, LETTERS = 4000;
const QUIET = { debug() {}, log() {}, warn() {}, error() {} };

/** A token as one sees it: its spaces and line ends too. */
const visible = (text) => text.replaceAll(" ", "␣").replaceAll("\n", "↵").replaceAll("\t", "⇥");

function chat(place) {
  const given = JSON.parse(place.querySelector("script").textContent);
  const t = translator(given.labels);
  const megabytes = (bytes) => String(Math.round(bytes / 1e6));
  const ui = stage(place, t("title"), CSS);
  const status = h("p", { className: "soft state", role: "status" });
  const bar = h("progress", { max: 1, value: 0, hidden: true, "aria-label": t("title") });
  const button = (key, onclick, props = {}) => h("button", { type: "button", onclick, ...props }, t(key));
  const load = h("button", { type: "button", className: "main", onclick: fetchModel }, t("load", { size: megabytes(given.size) }));
  const stop = button("stop", () => aborter?.abort(), { hidden: true });
  const field = h("textarea", { rows: 2, "aria-label": t("question") });
  const send = h("button", { type: "submit", className: "main" }, t("ask"));
  const settings = { temperature: 0.7, seed: 0 };
  const warmth = dial({ name: t("temperature"), stops: Array.from({ length: 41 }, (_, i) => Math.round(5 * i) / 100), step: 0.05, ends: [t("sharper"), t("flatter")], onChange: (value) => { settings.temperature = value; warmth.set(value); } });
  warmth.set(settings.temperature);
  const seed = h("input", { type: "number", min: 0, max: 2 ** 32 - 1, step: 1, value: "0" });
  const form = h("form", { className: "ask", hidden: true, noValidate: true },
    h("label", { className: "field" }, t("question"), field),
    h("div", { className: "row" }, send, stop, button("new", begin)),
    h("div", { className: "dials" }, warmth.el, h("label", { className: "field" }, t("seed"), seed)));
  const log = h("div", { className: "log" });
  const other = h("div", { className: "other", hidden: true });
  ui.card.append(h("div", { className: "row start" }, load, bar), form, status, log, other);

  let engine = null, aborter = null, messages = [];
  const say = (key, values) => { status.textContent = key ? t(key, values) : ""; };

  /** Aloud, once more. */
  const told = (key, values) => { status.setAttribute("role", "status"); say(key, values); };

  async function fetchModel() {
    if (location.protocol === "file:") return say("needs_http");
    aborter = new AbortController();
    load.hidden = true;
    bar.hidden = stop.hidden = false;
    load.after(stop);
    stop.focus();
    status.setAttribute("role", "none"); // each of some hundred pieces would be spoken
    const here = (name) => new URL(given.folder + name, document.baseURI).href;
    try {
      const { Wllama } = await import(here(given.loader));
      engine = new Wllama({ default: here(given.wasm) }, { suppressNativeLog: true, logger: QUIET });
      const progressCallback = ({ loaded }) => {
        bar.value = loaded / given.size;
        if (loaded < given.size) say("loading", { loaded: megabytes(loaded), size: megabytes(given.size) });
        else say("starting");
      };
      await engine.loadModelFromUrl(here(given.model), { n_ctx: CONTEXT, n_gpu_layers: 0, progressCallback, signal: aborter.signal });
      const waited = stop.getRootNode().activeElement === stop;
      load.parentNode.remove();
      form.hidden = false;
      send.after(stop);
      if (waited) field.focus();
      told("ready");
    } catch (error) {
      engine = null;
      load.hidden = false;
      if (error.name === "AbortError") told(); else told("failed", { why: error.message });
    }
    bar.hidden = stop.hidden = true;
    aborter = null;
  }

  function begin() {
    aborter?.abort();
    messages = [];
    log.replaceChildren();
    other.hidden = true;
    say("ready");
  }

  /** One turn of the chat, which tokens are added to; it is one tab stop, with arrow keys inside. */
  function turn(key, text) {
    const tokens = [];
    const words = h("div", { className: "words", lang: "en", role: "group", "aria-label": t(key) }, ...(text ? [text] : []));
    log.append(h("div", { className: `turn ${key}` }, h("p", { className: "who" }, t(key)), words));
    const choose = (i) => {
      for (const one of log.querySelectorAll(".token")) one.setAttribute("aria-pressed", "false");
      for (const [at, one] of tokens.entries()) one.el.tabIndex = at === i ? 0 : -1;
      tokens[i].el.setAttribute("aria-pressed", "true");
      showOthers(tokens[i]);
    };
    const add = ({ token, logprob, top_logprobs: top }) => {
      const i = tokens.length;
      const el = h("button", { type: "button", className: "token", tabIndex: i ? -1 : 0, "aria-pressed": "false", onclick: () => choose(i) }, token.replaceAll("\n", "↵"));
      el.style.setProperty("--unsure", String(1 - Math.exp(logprob)));
      el.onkeydown = (event) => { const to = arrowed(event, i, tokens.length); if (to !== null) { choose(to); tokens[to].el.focus(); } };
      tokens.push({ el, token, logprob, top });
      words.append(el, ...(token.includes("\n") ? [h("br")] : []));
    };
    return { add, words };
  }

  /** What else could have stood in the place of a token, before temperature: bars, and the rest together. */
  function showOthers({ token, logprob, top }) {
    const rows = top.map((one) => [visible(one.token), Math.exp(one.logprob), one.token === token]);
    if (!rows.some(([, , taken]) => taken)) rows.push([visible(token), Math.exp(logprob), true]);
    const rest = Math.max(0, 1 - rows.reduce((sum, [, p]) => sum + p, 0));
    const line = (name, p, taken) => {
      const fill = h("span", { className: "fill" });
      fill.style.width = `${100 * p}%`;
      return h("tr", { className: taken ? "taken" : "" }, h("td", {}, name, ...(taken ? [" ", h("span", { className: "soft" }, t("taken"))] : [])), h("td", {}, p.toFixed(3)), h("td", { className: "track", "aria-hidden": "true" }, fill));
    };
    const head = h("tr", {}, h("th", { scope: "col" }, t("token")), h("th", { scope: "col" }, t("probability")), h("th", { "aria-hidden": "true" }));
    other.replaceChildren(h("p", { className: "heading" }, t("alternatives", { token: `“${visible(token)}”` })), h("table", {}, h("thead", {}, head), h("tbody", {}, ...rows.map((row) => line(...row)), line(t("rest"), rest, false))));
    other.hidden = false;
    ui.say(rows.map(([name, p]) => `${name} ${p.toFixed(3)}`).join(", "));
  }

  async function answer() {
    const text = field.value.trim(), number = Number(seed.value);
    if (!text) return say("empty");
    if (text.length > LETTERS) return say("long", { n: text.length.toLocaleString("en"), most: LETTERS.toLocaleString("en") });
    if (seed.value === "" || !Number.isInteger(number) || number < 0 || number >= 2 ** 32) return say("seed_wrong");
    const asked = [...messages, { role: "user", content: text }];
    turn("you", text);
    const { add } = turn("model");
    aborter = new AbortController();
    const mine = aborter;
    send.disabled = true;
    stop.hidden = false;
    field.value = "";
    say("thinking");
    let [said, n, began, problem] = ["", 0, 0, null];
    try {
      const stream = await engine.createChatCompletion({
        messages: [{ role: "system", content: SYSTEM }, ...asked], max_tokens: ANSWER, temperature: settings.temperature, seed: number,
        logprobs: true, top_logprobs: ALTERNATIVES, stream: true, abortSignal: mine.signal,
      });
      for await (const { choices } of stream) {
        if (mine.signal.aborted) break;
        for (const one of choices[0]?.logprobs?.content ?? []) { began ||= performance.now(); add(one); n += 1; }
        said += choices[0]?.delta.content ?? "";
      }
    } catch (error) { problem = error; }
    if (aborter === mine) aborter = null;
    send.disabled = false;
    stop.hidden = true;
    if (mine.signal.aborted && !log.childElementCount) return; // a new chat was begun meanwhile
    messages = [...asked, { role: "assistant", content: said }];
    if (problem && problem.name !== "AbortError") return problem.type === "kv_cache_full" ? say("full") : say("broken", { why: problem.message });
    const seconds = (performance.now() - began) / 1000;
    say("done", { n, seconds: n ? seconds.toFixed(1) : "0", rate: n > 1 ? ((n - 1) / seconds).toFixed(1) : "0" });
    status.append(" ", t("choose"));
  }

  form.onsubmit = (event) => { event.preventDefault(); if (engine && !aborter) answer(); };
  field.onkeydown = (event) => { if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); form.requestSubmit(); } };
}

for (const place of document.querySelectorAll("[data-lm-chat]")) chat(place);
