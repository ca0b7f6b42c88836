// The story box: the book's GPT reads the beginning of a story as it is typed, and says what comes next.

const SETTINGS = ["temperature", "top_k", "top_p", "seed"];
const TEMPERATURES = Array.from({ length: 40 }, (_, i) => Number((0.05 + 0.05 * i).toFixed(2)));
const COUNTS = [1, 2, 3, 5, 10, 20, 50, 100, 200];
const SHARES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1];
const DEFAULTS = { temperature: 1, top_k: null, top_p: null, seed: 0 };
const SHOWN = 6;
const PAUSE = 140;
// From this weight on it is worth saying where a head looks.
const CLEAR = 0.4;

/** The n-th of the seed's random numbers: a word drawn again at the same place is the same word. */
function drawnAt(seed, n) {
  const random = mulberry32(seed);
  for (let i = 0; i < n; i += 1) random();
  return random();
}

/** The id where the running sum of probabilities exceeds u. */
function idAt(probs, u) {
  let [sum, last] = [0, 0];
  for (let id = 0; id < probs.length; id += 1) {
    if (!probs[id]) continue;
    sum += probs[id];
    last = id;
    if (sum > u) return id;
  }
  return last;
}

function render({ model, el }) {
  const { labels } = model.get("_data");
  const t = translator(labels);
  const ui = stage(el, t("title"), CSS);
  const given = fromAddress("story");
  const first = model.get("text");
  const field = h("textarea", { rows: 2, spellcheck: false, autocapitalize: "off", autocomplete: "off", "aria-label": t("prompt") });
  const chips = h("p", { className: "chips", lang: "en" });
  const note = h("p", { className: "note soft", role: "status" });
  const rows = h("div", { className: "rows", role: "listbox", "aria-label": t("next") });
  const rest = h("div", { className: "next rest soft" });
  const ending = h("p", { className: "told", role: "status" });
  let [live, session, step, undone, timer, chosen, saying, listing] = [null, null, null, [], null, 0, "", []];

  const setting = () => Object.fromEntries(SETTINGS.map((name) => [name, model.get(name)]));
  const words = () => session.tokens.slice(1).map((id) => live.vocab[id]);

  /** Which earlier word the last one looked at most, in whichever head looked hardest. */
  function lookedAt() {
    const n = session.tokens.length;
    const light = new Float64Array(n);
    let best = { weight: 0 };
    step.weights.forEach((heads, layer) => heads.forEach((weights, head) => weights.forEach((weight, j) => {
      if (j === 0 || j === n - 1) return; // the mark at the start, and the word itself
      light[j] = Math.max(light[j], weight);
      if (weight > best.weight) best = { weight, j, layer, head };
    })));
    return { light, best };
  }

  function update() {
    const text = model.get("text");
    if (field.value !== text) { field.value = text; field.scrollTop = field.scrollHeight; }
    for (const [name, one] of Object.entries(dials)) one.set(model.get(name) ?? null);
    seed.set();
    if (!live) return;
    ending.textContent = "";
    const reading = readWords(text, live);
    step = readIds(session, [0, ...reading.tokens.map((word) => live.ids.get(word))], step);
    const probs = nextProbs(step.logits, setting());
    const { table: after, at } = live.grammar.follow(reading.tokens);
    paintChips(reading);
    paintNote(reading, after, at);
    paintRows(reading, probs, after);
    const full = session.tokens.length > live.room;
    for (const button of [one, all]) allow(button, !full && !reading.unknown);
    allow(back, reading.tokens.length);
    allow(again, undone.length);
  }

  function paintChips({ tokens, unknown, begun }) {
    const { light, best } = lookedAt();
    chips.replaceChildren(...tokens.flatMap((word, i) => {
      const chip = h("span", { className: best.j === i + 1 && best.weight >= CLEAR ? "chip best" : "chip" }, word);
      chip.style.setProperty("--light", light[i + 1].toFixed(2));
      return [chip, " "];
    }), ...(unknown ?? begun ? [h("span", { className: unknown ? "chip unknown" : "chip begun" }, unknown ?? begun)] : []));
    looked.textContent = best.weight >= CLEAR ? t("looked", { word: tokens[best.j - 1], from: tokens[tokens.length - 1], w: show(best.weight, 2), layer: best.layer, head: best.head }) : "";
  }

  function paintNote(reading, after, at) {
    const { unknown, more, tokens } = reading;
    note.replaceChildren();
    if (unknown) note.append(...unknownSaid(t, live, reading, (word) => replace(unknown, word)));
    else if (more) note.append(t("long", { n: live.room }));
    else if (!after) note.append(t("off_grammar", { word: tokens[at] }));
    else if (session.tokens.length > live.room) note.append(t("full", { n: live.room }));
    else if (after.has(END)) note.append(t("ended"));
  }

  function paintRows({ unknown, begun }, probs, after) {
    const fits = (id) => !begun || live.vocab[id].startsWith(begun);
    const order = unknown ? [] : ranking(probs).filter((id) => fits(id) && probs[id] > 0);
    const truth = (id) => (after ? after.get(live.vocab[id]) ?? 0 : null);
    const name = (id) => (id ? live.vocab[id] : t("end"));
    const listed = order.slice(0, SHOWN);
    const shown = (p) => (p === null ? "–" : percent(p));
    chosen = Math.min(chosen, Math.max(0, listed.length - 1));
    const focused = rows.getRootNode().activeElement?.parentNode === rows;
    rows.replaceChildren(...listed.map((id, place) => {
      const fill = h("div", { className: "fill" });
      fill.style.width = `${100 * probs[id]}%`;
      const track = h("div", { className: "track" }, fill);
      if (after) {
        const mark = h("div", { className: "true" });
        mark.style.left = `${100 * truth(id)}%`;
        track.append(mark);
      }
      return h("div", {
        className: "next", role: "option", tabIndex: place === chosen ? 0 : -1, onclick: () => take(id),
        "aria-label": t(after ? "row" : "row_alone", { word: name(id), p: shown(probs[id]), q: shown(truth(id)) }),
      }, h("span", { className: id ? "name" : "name soft" }, name(id)), track, h("span", { className: "numbers" }, shown(probs[id])), h("span", { className: "numbers soft" }, shown(truth(id))));
    }));
    if (focused) rows.children[chosen]?.focus();
    const [p, q] = [listed, listed].map((ids, k) => ids.reduce((sum, id) => sum + (k ? truth(id) ?? 0 : probs[id]), 0));
    rest.replaceChildren(...(unknown ? [] : [h("span", {}, t("others")), h("span"), h("span", { className: "numbers" }, shown(Math.max(0, 1 - p))), h("span", { className: "numbers" }, after ? shown(Math.max(0, 1 - q)) : "–")]));
    listing = order.slice(0, 30).map((id) => [name(id), shown(probs[id]), shown(truth(id))]);
    foot.refresh();
    saying = listed.length ? t("live", { list: listed.slice(0, 3).map((id) => t(after ? "row" : "row_alone", { word: name(id), p: shown(probs[id]), q: shown(truth(id)) })).join("; ") }) : "";
    if (!timer) ui.say(saying);
  }

  /** What the reader has done, and what other pages show of it. */
  function write(text) {
    change(model, { text });
    if (!live || !session.tokens[1]) return;
    const order = ranking(step.logits);
    const probs = softmax(step.logits);
    const { best } = lookedAt();
    keepSentence({
      text, tokens: session.tokens.slice(1).slice(-3).map((id) => [live.vocab[id], id]),
      vector: [...step.stream[0].slice(0, 3)].map((x) => Number(x.toFixed(3))),
      looked: best.weight ? [live.vocab[session.tokens[best.j]], Number(best.weight.toFixed(2))] : null,
      logits: order.slice(0, 3).map((id) => [live.vocab[id], Number(step.logits[id].toFixed(1)), Number(probs[id].toFixed(2))]),
    });
  }

  function take(id) {
    undone = [];
    if (!id) { stop(); ending.textContent = t("the_end"); return; }
    // A word that is only begun is not yet among the tokens.
    write(`${written([...words(), live.vocab[id]])} `);
  }

  function drawOne() {
    const probs = nextProbs(step.logits, setting());
    const id = idAt(probs, drawnAt(model.get("seed"), session.tokens.length));
    take(id);
    return id && session.tokens.length <= live.room;
  }

  function replace(word, other) {
    write(exchanged(model.get("text"), word, other));
    field.focus();
  }

  function stop() {
    clearTimeout(timer);
    timer = null;
    all.textContent = t("write_on");
    ui.say(saying);
  }

  function writeOn() {
    if (timer) { stop(); return; }
    all.textContent = t("stop");
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const next = () => { timer = -1; if (drawOne()) { if (still) next(); else timer = setTimeout(next, PAUSE); } else if (timer) stop(); };
    next();
  }

  const button = (key, onclick, props) => pressable(t(key), onclick, props);
  const one = button("one_word", () => drawOne());
  const all = button("write_on", writeOn);
  const back = button("back", () => { stop(); const left = words(); undone.push(left.pop()); write(left.length ? `${written(left)} ` : ""); }, { "aria-label": t("back_name") });
  const again = button("forward", () => { const word = undone.pop(); write(`${written([...words(), word])} `); }, { "aria-label": t("forward_name") });
  const fresh = button("fresh", () => { stop(); undone = []; write(first); field.focus(); });
  for (const unready of [one, all, back, again]) allow(unready, false);
  const seed = seedField(model, t);
  const setter = (name) => (value) => change(model, { [name]: value });
  const dials = {
    temperature: dial({ name: t("temperature"), stops: TEMPERATURES, step: "any", onChange: setter("temperature") }),
    top_k: dial({ name: t("top_k"), stops: COUNTS, step: 1, off: t("off"), onChange: setter("top_k") }),
    top_p: dial({ name: t("top_p"), stops: SHARES, step: "any", off: t("off"), onChange: setter("top_p") }),
  };
  const looked = h("p", { className: "soft looked" });
  const call = () => `StoryBox(${[python(model.get("text").trim()), ...SETTINGS.filter((name) => (model.get(name) ?? null) !== DEFAULTS[name]).map((name) => `${name}=${python(model.get(name) ?? null)}`)].join(", ")})`;
  const foot = below({ t, kind: "story", call, numbers: () => [[t("word"), t("model"), t("true")], listing], state: () => ({ text: model.get("text"), ...setting() }) });

  field.oninput = () => { stop(); undone = []; write(field.value); };
  rows.onkeydown = (event) => {
    const place = arrowed(event, chosen, rows.children.length);
    if (place !== null) { chosen = place; rows.children[place].focus(); [...rows.children].forEach((row, i) => { row.tabIndex = i === place ? 0 : -1; }); }
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); rows.children[chosen]?.click(); }
  };
  const head = h("div", { className: "next top soft" }, h("span", {}, t("next")), h("span"), h("span", {}, t("model")), h("span", { className: "sign" }, t("true")));
  ui.card.append(
    h("label", { className: "prompt" }, h("span", { className: "heading" }, t("prompt")), field),
    h("div", { className: "row buttons" }, all, one, back, again, fresh),
    chips, looked, note, head, rows, rest, ending,
    h("details", { className: "how" }, h("summary", {}, t("how")), h("div", { className: "dials" }, ...Object.values(dials).map((d) => d.el), h("label", { className: "field" }, t("seed"), seed.field))),
    foot.el);

  const quiet = listen(model, ["text", ...SETTINGS], update);
  if (typeof given.text === "string") {
    const numbers = SETTINGS.filter((name) => typeof given[name] === "number" && Number.isFinite(given[name]) && given[name] > 0);
    change(model, { text: given.text.slice(0, 4000), ...Object.fromEntries(numbers.map((name) => [name, given[name]])) });
  }
  update();
  note.textContent = t("loading");
  liveModel(model, el).then((found) => { live = found; session = live.gpt.session(); update(); ui.card.dataset.live = ""; }, () => { note.textContent = t("no_model"); });
  return () => { stop(); quiet(); ui.done(); };
}

export default { render };
