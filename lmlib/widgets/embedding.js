// The map of word vectors: the nearest by cosine in all numbers beside the nearest in the drawing, and a − b + c.

const NEAR = 6;
const FOUND = 8;
const MANY = 400;

/** A table of float32 numbers as rows. */
export function rowsOf(packed, n) {
  const flat = new Float32Array(bytesOf(packed).buffer);
  const width = flat.length / n;
  return Array.from({ length: n }, (_, i) => Float64Array.from(flat.subarray(i * width, (i + 1) * width)));
}

export const units = (rows) => rows.map((row) => { const length = lengthOf(row); return row.map((x) => x / length); });

/** The query's place in a table: the row of one word, or of a − b + c. */
export function sumOf(table, [a, b, c]) {
  return b === undefined ? table[a] : table[a].map((x, d) => x - table[b][d] + table[c][d]);
}

/** The k rows nearest to the query by cosine, [id, cosine]; none where the query is all zeros. */
export function nearestBy(unit, query, k, without) {
  const length = lengthOf(query);
  if (length < 1e-6) return [];
  return unit.map((row, i) => [i, row.reduce((sum, x, d) => sum + x * query[d], 0) / length])
    .filter(([i]) => !without.includes(i)).sort(([i, x], [j, y]) => y - x || i - j).slice(0, k);
}

/** The k points nearest to a place, [id, distance]. */
export function nearestIn(points, [x, y], k, without) {
  return points.map((p, i) => [i, Math.hypot(p[0] - x, p[1] - y)])
    .filter(([i]) => !without.includes(i)).sort(([i, p], [j, q]) => p - q || i - j).slice(0, k);
}

let fields = 0;

/** A field to search a word in: letters find it, up and down choose, Enter takes it; empty is null where allowed. */
function wordField({ t, name, shown, empty, choose }) {
  fields += 1;
  const id = `found-${fields}`;
  const input = h("input", { type: "text", role: "combobox", autocomplete: "off", autocapitalize: "off", spellcheck: false, placeholder: empty ? t("none") : "", "aria-label": t("search", { name }), "aria-expanded": "false", "aria-controls": id, "aria-autocomplete": "list" });
  const list = h("div", { id, className: "found", role: "listbox", "aria-label": name, hidden: true });
  let [matches, at, value] = [[], -1, null];
  const close = () => { list.hidden = true; at = -1; input.setAttribute("aria-expanded", "false"); input.removeAttribute("aria-activedescendant"); };
  const take = (i) => { close(); value = i; input.value = i === null ? "" : shown[i]; choose(i); };
  const mark = () => {
    [...list.children].forEach((option, i) => option.setAttribute("aria-selected", i === at));
    if (at >= 0) { input.setAttribute("aria-activedescendant", `${id}-${at}`); list.children[at].scrollIntoView({ block: "nearest" }); }
  };
  const open = () => {
    const typed = input.value.trim().toLowerCase();
    // Nothing new is typed: all words are there to choose from, and the arrows go on from the present one.
    const same = value !== null && typed === shown[value].toLowerCase();
    const begin = shown.map((_, i) => i).filter((i) => shown[i].toLowerCase().startsWith(typed));
    const inside = shown.map((_, i) => i).filter((i) => typed && shown[i].toLowerCase().indexOf(typed) > 0);
    matches = same || !typed ? shown.map((_, i) => i).sort((i, j) => (shown[i] < shown[j] ? -1 : 1)).slice(0, MANY) : [...begin, ...inside].slice(0, FOUND);
    at = same ? matches.indexOf(value) : -1;
    list.replaceChildren(...matches.map((i, place) => h("div", { id: `${id}-${place}`, role: "option", "aria-selected": "false", onmousedown: (event) => event.preventDefault(), onclick: () => take(i) }, shown[i])));
    list.hidden = !matches.length;
    input.setAttribute("aria-expanded", String(!list.hidden));
    mark();
  };
  input.oninput = open;
  input.onclick = () => { input.select(); open(); };
  input.onkeydown = (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) open();
      else at = Math.min(matches.length - 1, Math.max(0, at + (event.key === "ArrowDown" ? 1 : -1)));
      mark();
    } else if (event.key === "Enter") settle();
    else if (event.key === "Escape") { close(); set(value); }
  };
  // What is typed counts when it is a word, or the beginning of just one.
  const settle = () => {
    const typed = input.value.trim().toLowerCase();
    const exact = shown.findIndex((word) => word.toLowerCase() === typed);
    if (at >= 0) take(matches[at]);
    else if (!typed) { close(); if (empty) take(null); else set(value); }
    else if (exact >= 0) take(exact);
    else if (matches.length === 1 && !list.hidden) take(matches[0]);
    else choose(undefined, input.value.trim());
  };
  input.onblur = () => { const typed = input.value.trim(); if (typed.toLowerCase() !== (value === null ? "" : shown[value].toLowerCase())) settle(); close(); };
  const set = (i) => { value = i; if (list.hidden) input.value = i === null ? "" : shown[i]; };
  return { el: h("div", { className: "word" }, h("span", { className: "name" }, name), input, list), set, input };
}

function render({ model, el }) {
  const { labels, words, shown, vectors, points: placed } = model.get("_data");
  const t = translator(labels);
  const ui = stage(el, t("title"), CSS);
  const table = rowsOf(vectors, words.length);
  const C = table[0].length;
  const unit = units(table);
  const points = rowsOf(placed, words.length);
  const ids = new Map(words.map((word, i) => [word, i]));
  const idOf = (name) => { const i = ids.get(model.get(name)); return i === undefined ? null : i; };
  const note = h("p", { className: "note soft", role: "status" });
  const same = h("p", { className: "same" });
  const svg = svgElement("svg");
  const plane = h("div", { className: "plane" }, svg);
  const lists = h("div", { className: "lists" });
  const ruler = document.createElement("canvas").getContext("2d");
  let [zoomed, hover, width, at, answer] = [true, null, 0, [], null];

  function find() {
    const [a, b, c] = [idOf("word"), idOf("minus"), idOf("plus")];
    const asked = b === null || c === null ? [a] : [a, b, c];
    const without = model.get("leave_out") ? asked : [];
    const place = sumOf(points, asked);
    const near = nearestBy(unit, sumOf(unit, asked), NEAR, without);
    const drawn = nearestIn(points, place, NEAR, without);
    const both = new Set(near.map(([i]) => i).filter((i) => drawn.some(([j]) => i === j)));
    const query = asked.map((i, n) => ["", "− ", "+ "][n] + shown[i]).join(" ");
    return { asked, place, near, drawn, both, query, missing: (b === null) !== (c === null), zero: lengthOf(sumOf(unit, asked)) < 1e-6 };
  }

  function update() {
    answer = find();
    pick.word.set(idOf("word"));
    pick.minus.set(idOf("minus"));
    pick.plus.set(idOf("plus"));
    out.checked = model.get("leave_out");
    only.disabled = idOf("minus") === null && idOf("plus") === null;
    const { near, drawn, both, query, missing, zero } = answer;
    note.textContent = missing ? t("one_missing") : zero ? t("nowhere") : "";
    same.textContent = both.size === near.length && near.length ? t("same_all", { k: both.size }) : t("same", { n: both.size, k: NEAR });
    const focus = lists.getRootNode().activeElement?.closest?.(".list");
    const kept = focus ? [...lists.children].indexOf(focus) : -1;
    lists.replaceChildren(listOf(t("near", { C }), t("cosine"), near.map(([i, x]) => [i, show(x, 3)])), listOf(t("drawn"), t("away"), drawn.map(([i, x]) => [i, show(x, 3)])));
    if (kept >= 0) lists.children[kept].querySelector("button")?.focus();
    paint();
    foot.refresh();
    ui.say(t("live", { query, list: near.slice(0, 3).map(([i, x]) => `${shown[i]} ${show(x, 2)}`).join(", "), same: same.textContent }));
  }

  function listOf(name, of, rows) {
    const buttons = rows.map(([i, value], place) => h("button", {
      type: "button", tabIndex: place ? -1 : 0, onclick: () => take("word", i), "aria-label": `${t("row", { word: shown[i], value })}${answer.both.has(i) ? `, ${t("both")}` : ""}`,
      onpointerenter: () => { hover = i; paint(); }, onpointerleave: () => { hover = null; paint(); },
    }, h("span", { className: "name" }, shown[i]), h("span", { className: "soft" }, answer.both.has(i) ? t("both") : ""), h("span", { className: "numbers" }, value)));
    const list = h("div", { className: "list", role: "group", "aria-label": name }, h("div", { className: "head" }, h("span", { className: "heading" }, name), h("span", { className: "soft" }, of)), ...buttons);
    list.onkeydown = (event) => {
      const from = buttons.indexOf(list.getRootNode().activeElement);
      const to = from < 0 ? null : arrowed(event, from, buttons.length);
      if (to === null) return;
      buttons.forEach((button, i) => { button.tabIndex = i === to ? 0 : -1; });
      buttons[to].focus();
    };
    return list;
  }

  /** Where each point lies in pixels, the whole map or only the group; both axes have one scale. */
  function layOut(high) {
    const { asked, place, near, drawn } = answer;
    const group = [...asked, ...near.map(([i]) => i), ...drawn.map(([i]) => i)].map((i) => points[i]);
    const seen = zoomed ? [...group, place] : [...points, place];
    const [left, right, low, top] = [0, 1].flatMap((d) => [Math.min(...seen.map((p) => p[d])), Math.max(...seen.map((p) => p[d]))]);
    const margin = zoomed ? 64 : 22;
    const scale = Math.min((width - 2 * margin) / (right - left || 1), (high - 2 * margin) / (top - low || 1));
    const [x, y] = [(left + right) / 2, (low + top) / 2];
    return (p) => [width / 2 + scale * (p[0] - x), high / 2 - scale * (p[1] - y)];
  }

  function paint() {
    if (!width) return;
    const high = Math.round(Math.min(440, Math.max(280, 0.62 * width)));
    const { asked, place, near, drawn, both, query } = answer;
    const spot = layOut(high);
    at = points.map(spot);
    const end = spot(place);
    const kind = (i) => (asked.includes(i) ? "asked" : near.some(([j]) => j === i) ? "near" : drawn.some(([j]) => j === i) ? "drawn" : i === hover ? "hover" : "");
    const inside = ([x, y]) => x > 0 && x < width && y > 0 && y < high;
    const order = points.map((_, i) => i).filter((i) => inside(at[i])).sort((i, j) => (kind(i) ? 1 : 0) - (kind(j) ? 1 : 0));
    const arrow = ([x, y], [X, Y], name) => svgElement("line", { x1: x, y1: y, x2: X, y2: Y, class: name, "marker-end": name === "step" ? `url(#head-${own})` : "" });
    const lines = asked.length === 3
      ? [arrow(at[asked[1]], at[asked[2]], "step"), arrow(at[asked[0]], end, "step"), svgElement("circle", { cx: end[0], cy: end[1], r: 7, class: "end" })]
      : near.map(([i]) => arrow(at[asked[0]], at[i], "link"));
    const dots = order.map((i) => svgElement("circle", { cx: at[i][0], cy: at[i][1], r: kind(i) ? 5 : 2.6, class: `dot ${kind(i)}` }));
    svg.setAttribute("viewBox", `0 0 ${width} ${high}`);
    svg.setAttribute("height", high);
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", t("map", { V: words.length, query, list: drawn.map(([i]) => shown[i]).join(", ") }));
    const tip = svgElement("marker", { id: `head-${own}`, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto-start-reverse" }, svgElement("path", { d: "M0 0L8 4L0 8z", class: "tip" }));
    const named = [...new Set([...(hover === null ? [] : [hover]), ...asked, ...near.map(([i]) => i), ...drawn.map(([i]) => i)])];
    svg.replaceChildren(svgElement("defs", {}, tip), ...lines, ...dots, ...names(named.filter((i) => inside(at[i])), high, kind));
    key.children[2].hidden = both.size === drawn.length;
  }

  /** Names beside their points, the first where one fits; a name that fits nowhere is left to the lists. */
  function names(order, high, kind) {
    const taken = [];
    ruler.font = "700 13px system-ui, sans-serif";
    return order.flatMap((i) => {
      const [x, y] = at[i];
      const wide = ruler.measureText(shown[i]).width + 5;
      const places = [[x + 8, y - 9], [x - 8 - wide, y - 9], [x - wide / 2, y - 26], [x - wide / 2, y + 8], [x + 8, y - 24], [x + 8, y + 6], [x - 8 - wide, y - 24], [x - 8 - wide, y + 6]];
      const free = places.find(([left, top]) => left >= 0 && left + wide <= width && top >= 0 && top + 18 <= high
        && !taken.some(([a, b, c]) => left < a + c && a < left + wide && top < b + 18 && b < top + 18));
      if (!free) return [];
      taken.push([...free, wide]);
      return [svgElement("text", { x: free[0] + 2, y: free[1] + 14, class: `label ${kind(i)}` }, shown[i])];
    });
  }

  /** The point nearest to the pointer, if it is near. */
  function under(event) {
    const box = svg.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const [best] = nearestIn(at, [x, y], 1, []);
    return best && best[1] < 24 ? best[0] : null;
  }
  svg.addEventListener("click", (event) => { const i = under(event); if (i !== null) take("word", i); });
  svg.addEventListener("pointermove", (event) => { const i = under(event); if (i !== hover) { hover = i; paint(); } });
  svg.addEventListener("pointerleave", () => { hover = null; paint(); });

  function take(name, i, typed) {
    if (i === undefined) { note.textContent = t("no_word", { text: typed.slice(0, 40), V: words.length }); return; }
    change(model, { [name]: i === null ? null : words[i] });
  }

  fields += 1;
  const own = fields;
  const pick = Object.fromEntries(["word", "minus", "plus"].map((name) => [name, wordField({ t, name: t(name), shown, empty: name !== "word", choose: (i, typed) => take(name, i, typed) })]));
  const out = h("input", { type: "checkbox", onchange: () => change(model, { leave_out: out.checked }) });
  const only = h("button", { type: "button", onclick: () => { change(model, { minus: null, plus: null }); pick.word.input.focus(); } }, t("clear"));
  const zoom = h("button", { type: "button", className: "small zoom", onclick: () => { zoomed = !zoomed; zoom.textContent = t(zoomed ? "whole" : "zoom"); paint(); } }, t("whole"));
  const entry = (name, said) => h("span", { className: "entry" }, h("i", { className: `swatch ${name}` }), said);
  const key = h("p", { className: "soft key" }, entry("asked", t("key_query")), entry("near", t("key_near", { C })), entry("drawn", t("key_drawn")));
  const call = () => `EmbeddingMap(vectors, words${["word", "minus", "plus"].filter((name) => (model.get(name) ?? null) !== null).map((name) => `, ${name}=${python(model.get(name))}`).join("")}${model.get("leave_out") ? "" : ", leave_out=False"})`;
  const numbers = () => [[t("near", { C }), t("cosine"), t("drawn"), t("away")], answer.drawn.map(([j, y], place) => {
    const [i, x] = answer.near[place] ?? [null, 0];
    return [i === null ? "–" : shown[i], i === null ? "–" : show(x), shown[j], show(y)];
  })];
  const foot = below({ t, kind: "embedding", call, numbers, state: () => Object.fromEntries(["word", "minus", "plus", "leave_out"].map((name) => [name, model.get(name)])) });
  ui.card.append(
    h("div", { className: "asking" }, pick.word.el, pick.minus.el, pick.plus.el),
    h("div", { className: "row" }, h("label", { className: "tick" }, out, t("leave_out")), only),
    note, plane, h("div", { className: "row under" }, key, zoom), lists, same, foot.el);

  const quiet = listen(model, ["word", "minus", "plus", "leave_out"], update);
  const given = fromAddress("embedding");
  const wanted = {};
  if (ids.has(given.word)) wanted.word = given.word;
  for (const name of ["minus", "plus"]) if (given[name] === null || ids.has(given[name])) wanted[name] = given[name];
  if (typeof given.leave_out === "boolean") wanted.leave_out = given.leave_out;
  if (Object.keys(wanted).length) change(model, wanted);
  update();
  const watch = new ResizeObserver(() => { if (plane.clientWidth !== width) { width = plane.clientWidth; paint(); } });
  watch.observe(plane);
  return () => { watch.disconnect(); quiet(); ui.done(); };
}

export default { render };
