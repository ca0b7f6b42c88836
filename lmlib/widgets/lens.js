// The tokeniser lens: a text as bytes, and the merges of byte-pair encoding played one by one, as lmlib.bpe does.

const MOST = 2000;
const TRIES = ["words", "spaces", "digits", "emoji", "chinese", "code"];
// GPT-2's pattern; JavaScript's own \s has one character too many and one too few.
const WORD = /'(?:s|t|re|ve|m|ll|d)| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;
// What would be invisible, or turn the words around it.
const UNSEEN = /[^\P{Z} ]|[^\P{C}\n\t]/u;

const utf8 = new TextEncoder();
const utf8Text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Merges as they travel: ids of the bytes, pairs as 16-bit numbers, ids of special tokens. */
export function makeVocabulary({ bytes, first, merges, specials, counts }) {
  const raw = bytesOf(merges);
  const ranks = new Map();
  for (let i = 0; i < raw.length; i += 4) ranks.set((raw[i] | (raw[i + 1] << 8)) * 65536 + (raw[i + 2] | (raw[i + 3] << 8)), i / 4);
  // Of two special tokens that begin at the same place, the longer one is found.
  const names = Object.keys(specials).sort((a, b) => b.length - a.length).map((name) => name.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"));
  return { bytes, first, ranks, specials, counts, whole: new RegExp(`(${names.join("|") || "(?!)"})`, "u") };
}

/** Play the merges of one word, the earliest that fits first; note what each of them makes, and where. */
function playWord(ids, at, { ranks, first }, cutting) {
  let row = ids.map((id, i) => ({ id, start: at + i, end: at + i + 1 }));
  for (;;) {
    let rank = Infinity;
    for (let i = 0; i + 1 < row.length; i += 1) rank = Math.min(rank, ranks.get(row[i].id * 65536 + row[i + 1].id) ?? Infinity);
    if (rank === Infinity) return;
    const merged = [];
    for (let i = 0; i < row.length; i += 1) {
      const [one, two] = [row[i], row[i + 1]];
      if (two && ranks.get(one.id * 65536 + two.id) === rank) {
        const event = { rank, id: first + rank, start: one.start, middle: two.start, end: two.end, left: one.id, right: two.id };
        (cutting.made[one.start] ??= []).push(event);
        if (!cutting.steps.has(rank)) cutting.steps.set(rank, []);
        cutting.steps.get(rank).push(event);
        merged.push(event);
        i += 1;
      } else merged.push(one);
    }
    row = merged;
  }
}

/**
 * A text cut: its `bytes`, the id of each, where `words` begin, what is `made` at each place, and the `steps`, one for
 * each merge that is played. A merge only makes pairs for later ones, so its rank puts the steps of all words in order.
 */
export function cutText(text, vocabulary) {
  const cutting = { bytes: utf8.encode(text), made: [], words: new Set(), steps: new Map() };
  let at = 0;
  text.split(vocabulary.whole).forEach((part, i) => {
    if (i % 2) {
      const end = at + utf8.encode(part).length;
      cutting.words.add(at);
      cutting.made[at] = [{ rank: -1, id: vocabulary.specials[part], start: at, end, special: true }];
      at = end;
    } else for (const word of part.match(WORD) ?? []) {
      const ids = [...utf8.encode(word)].map((byte) => vocabulary.bytes[byte]);
      cutting.words.add(at);
      playWord(ids, at, vocabulary, cutting);
      at += ids.length;
    }
  });
  cutting.ids = [...cutting.bytes].map((byte) => vocabulary.bytes[byte]);
  cutting.steps = [...cutting.steps].sort(([a], [b]) => a - b);
  return cutting;
}

/** The tokens after some of the steps: { start, end, id }. */
export function piecesAt({ bytes, made, ids, steps }, step) {
  const last = step ? steps[step - 1][0] : -1;
  const pieces = [];
  for (let at = 0; at < bytes.length; at = pieces[pieces.length - 1].end) {
    const here = made[at]?.findLast((event) => event.rank <= last);
    pieces.push(here ?? { rank: -1, id: ids[at], start: at, end: at + 1 });
  }
  return pieces;
}

/** Bytes as characters, ␣ for a space, ⏎ for a line end; null where they are none that can be seen. */
function asCharacters(bytes) {
  try {
    const text = utf8Text.decode(bytes);
    return UNSEEN.test(text) ? null : text.replace(/ /g, "␣").replace(/\n/g, "⏎").replace(/\t/g, "⇥").replace(/^(?=\p{M})/u, "◌");
  } catch { return null; }
}

const hexadecimal = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");

/** Bytes as they are printed: hexadecimal where they are no characters. */
export const printed = (bytes) => asCharacters(bytes) ?? hexadecimal(bytes);

let gpt2Read = null;

/** GPT-2's merges, read once. */
const gpt2Vocabulary = (model, el) => (gpt2Read ??= provided(model, el, "merges.js").then(makeVocabulary));

function render({ model, el }) {
  const { labels, vocabularies, gpt2 } = model.get("_data");
  const t = translator(labels);
  const ui = stage(el, t("title"), CSS);
  const known = Object.fromEntries(Object.entries(vocabularies).map(([name, packed]) => [name, makeVocabulary(packed)]));
  const names = [...Object.keys(vocabularies), ...(gpt2 ? [gpt2] : [])];
  const field = h("textarea", { rows: 2, spellcheck: false, autocapitalize: "off", autocomplete: "off", dir: "auto", "aria-label": t("prompt") });
  const note = h("p", { className: "note soft", role: "status" });
  const facts = h("dl", { className: "facts" });
  const coming = h("p", { className: "coming" });
  const chips = h("p", { className: "pieces", dir: "auto", tabIndex: 0, role: "group", "aria-label": t("pieces") });
  const byteKey = h("p", { className: "soft" }, h("span", { className: "key" }), t("byte_key"));
  const curve = h("div", { className: "curve" });
  const at = h("span", { className: "soft numbers" });
  const number = (n) => n.toLocaleString("en-US");
  let [cutting, cuts, before, lost, loading, failed] = [null, {}, null, 0, false, false];

  /** The text that is cut; half a surrogate pair has no bytes. */
  const cutOf = () => {
    const all = [...model.get("text").replace(/\p{Surrogate}/gu, "\ufffd")];
    lost = Math.max(0, all.length - MOST);
    return all.slice(0, MOST);
  };
  const stepNow = () => Math.min(model.get("step") ?? Infinity, cutting.steps.length);

  function update() {
    const [text, name] = [model.get("text"), model.get("vocabulary")];
    if (field.value !== text) field.value = text;
    const characters = cutOf();
    const cut = characters.join("");
    if (cut !== before) cuts = {};
    before = cut;
    for (const one of names) if (known[one]) cuts[one] ??= cutText(cut, known[one]);
    paintNames(name, names.map((one) => cuts[one] && piecesAt(cuts[one], cuts[one].steps.length).length));
    if (!cuts[name]) { load(name); return; }
    cutting = cuts[name];
    note.textContent = lost ? t("left_out", { most: number(MOST), n: number(lost) }) : failed ? t("no_merges") : "";
    paint(characters.length);
  }

  function load(name) {
    note.textContent = t("loading");
    if (loading) return;
    loading = true;
    gpt2Vocabulary(model, el).then((found) => { known[name] = found; update(); }, () => {
      failed = true;
      if (model.get("vocabulary") === name) choose(names[0]);
    });
  }

  function paintNames(chosen, counts) {
    radios.forEach((radio, i) => {
      radio.setAttribute("aria-checked", names[i] === chosen);
      radio.tabIndex = names[i] === chosen ? 0 : -1;
      radio.lastChild.textContent = counts[i] === undefined ? t("unknown_count") : t(counts[i] === 1 ? "count_one" : "count", { n: number(counts[i]) });
    });
  }

  function paint(characters) {
    const vocabulary = known[model.get("vocabulary")];
    const [step, steps] = [stepNow(), cutting.steps.length];
    const pieces = piecesAt(cutting, step);
    const size = cutting.bytes.length;
    facts.replaceChildren(...[["tokens", number(pieces.length)], ["characters", number(characters)], ["bytes", number(size)], ["each", pieces.length ? (size / pieces.length).toFixed(2) : "–"]]
      .map(([key, value]) => h("div", {}, h("dd", { className: "numbers" }, value), h("dt", {}, t(key)))));
    range.max = Math.max(1, steps);
    range.value = step;
    range.disabled = !steps;
    at.textContent = t("at", { step: number(step), steps: number(steps) });
    range.setAttribute("aria-valuetext", at.textContent);
    for (const one of [back, none]) allow(one, step);
    for (const one of [next, all]) allow(one, step !== steps);
    paintComing(vocabulary, step, steps, size);
    paintChips(vocabulary, pieces, step, steps);
    paintCurve(vocabulary, step);
    foot.refresh();
    ui.say(t("live", { tokens: number(pieces.length), next: coming.textContent }));
  }

  const bytesIn = ({ start, end }) => cutting.bytes.subarray(start, end);
  const text = (piece) => printed(bytesIn(piece));
  const pairOf = ({ start, middle, end }) => [text({ start, end: middle }), text({ start: middle, end }), text({ start, end })];

  function paintComing({ counts }, step, steps, size) {
    if (step === steps) { coming.replaceChildren(t(!size ? "empty" : steps ? "done" : "nothing", { steps: number(steps) })); return; }
    const [rank, [event]] = cutting.steps[step];
    const [left, right, both] = pairOf(event);
    const said = t(counts.length ? "coming_count" : "coming", { rank: number(rank + 1), n: number(counts[rank] ?? 0) });
    const piece = (word) => h("bdi", { className: "mono" }, word);
    coming.replaceChildren(`${said}: `, piece(left), " + ", piece(right), " → ", piece(both));
  }

  function paintChips(vocabulary, pieces, step, steps) {
    const marks = new Map();
    if (step < steps) for (const event of cutting.steps[step][1]) marks.set(event.start, "left").set(event.middle, "right");
    const fresh = model.get("step") !== null && step ? cutting.steps[step - 1][0] : null;
    // Thousands of them at once: one element each, its id from the style.
    chips.replaceChildren(...pieces.map((piece, i) => {
      const chip = document.createElement("span");
      const bytes = bytesIn(piece);
      const seen = asCharacters(bytes);
      chip.className = `piece${i % 2 ? " odd" : ""}${cutting.words.has(piece.end) ? " last" : ""}${marks.has(piece.start) ? ` ${marks.get(piece.start)}` : ""}${piece.special ? " special" : ""}${seen === null ? " byte" : ""}${piece.rank === fresh ? " fresh" : ""}`;
      chip.dataset.id = piece.id;
      chip.textContent = seen ?? hexadecimal(bytes);
      return chip;
    }));
    byteKey.hidden = !chips.querySelector(".byte");
  }

  /** How often each pair stood in the training text, step for step: the merges follow it. */
  function paintCurve({ counts }, step) {
    const heights = cutting.steps.map(([rank]) => Math.log10(Math.max(1, counts[rank] ?? 1)));
    const of = cutting.steps.map(([rank]) => counts[rank]);
    if (!counts.length || !of.length) { curve.replaceChildren(h("p", { className: "soft" }, of.length ? t(model.get("vocabulary") === gpt2 ? "not_known" : "not_given") : "")); return; }
    const top = Math.max(...heights, 1);
    const [width, high] = [100 / heights.length, 40];
    const bars = heights.map((height, i) => `M${(i * width).toFixed(3)} ${high}v${(-high * height / top).toFixed(2)}h${(0.8 * width).toFixed(3)}V${high}z`);
    const said = t("fell", { high: number(Math.max(...of)), low: number(Math.min(...of)) });
    curve.replaceChildren(
      svgElement("svg", { viewBox: `0 0 100 ${high}`, preserveAspectRatio: "none", role: "img", "aria-label": said },
        svgElement("path", { d: bars.slice(0, step).join("") || "M0 0", class: "on" }), svgElement("path", { d: bars.slice(step).join("") || "M0 0", class: "off" })),
      h("p", { className: "soft" }, said));
  }

  const write = (value) => change(model, { text: value.slice(0, 100000), step: null });
  function choose(name) { change(model, { vocabulary: name, step: null }); }
  const go = (step) => change(model, { step: step >= cutting.steps.length ? null : Math.max(0, step) });
  const button = (key, onclick, props) => pressable(t(key), onclick, props);
  const radios = names.map((name) => h("button", { type: "button", role: "radio", className: "choice", onclick: () => choose(name) }, h("b", {}, name), h("span", { className: "soft numbers" })));
  const choices = h("div", { className: "choices", role: "radiogroup", "aria-label": t("vocabulary") }, ...radios);
  choices.onkeydown = (event) => {
    const place = arrowed(event, names.indexOf(model.get("vocabulary")), names.length);
    if (place !== null) { radios[place].focus(); choose(names[place]); }
  };
  const range = h("input", { type: "range", min: 0, step: 1, "aria-label": t("player"), oninput: () => go(Number(range.value)) });
  const back = button("back", () => go(stepNow() - 1), { "aria-label": t("back_name") });
  const next = button("next", () => go(stepNow() + 1), { "aria-label": t("next_name") });
  const none = button("none", () => go(0));
  const all = button("all", () => go(Infinity));
  for (const unready of [back, next, none, all]) allow(unready, false);
  const tries = TRIES.map((key) => button(`name_${key}`, () => write(t(`try_${key}`)), { className: "small" }));
  const rows = () => cutting.steps.map(([rank, events]) => {
    const { counts } = known[model.get("vocabulary")];
    const [left, right, both] = pairOf(events[0]);
    return [number(rank + 1), `${left} + ${right} → ${both}`, counts.length ? number(counts[rank]) : "–", number(events.length)];
  });
  const call = () => `TokeniserLens(vocabularies, ${python(model.get("text"))}, vocabulary=${python(model.get("vocabulary"))}${model.get("step") === null ? "" : `, step=${model.get("step")}`})`;
  const foot = below({ t, kind: "lens", call, numbers: () => [[t("merge"), t("pair"), t("times"), t("here")], cutting ? rows() : []], state: () => ({ text: model.get("text").slice(0, MOST), vocabulary: model.get("vocabulary"), step: model.get("step") }) });

  field.oninput = () => write(field.value);
  ui.card.append(
    h("label", { className: "prompt" }, h("span", { className: "heading" }, t("prompt")), field),
    h("div", { className: "row tries" }, h("span", { className: "soft" }, t("try")), ...tries),
    h("div", { className: "heading" }, t("vocabulary")), choices, note, facts,
    h("div", { className: "row player" }, h("span", { className: "heading" }, t("player")), at, h("span", { className: "presses" }, none, back, next, all)),
    curve, range, coming, chips, byteKey, foot.el);

  const quiet = listen(model, ["text", "vocabulary", "step"], update);
  const given = fromAddress("lens");
  const wanted = {};
  if (typeof given.text === "string") wanted.text = given.text.slice(0, 2 * MOST).replace(/\p{Surrogate}/gu, "\ufffd");
  if (names.includes(given.vocabulary)) wanted.vocabulary = given.vocabulary;
  if (Number.isInteger(given.step) && given.step >= 0) wanted.step = Math.min(given.step, 8 * MOST);
  if (Object.keys(wanted).length) change(model, wanted);
  update();
  return () => { quiet(); ui.done(); };
}

export default { render };
