// The attention heat map: one head's weights as a picture, one query's row as links and numbers; where the book's
// GPT made the weights, a link can be cut.

const TRAITS = ["example", "layer", "head", "query", "scale", "mask", "cut", "text"];
const ROW = 26; // height of a token in the list, as in attention.css
const UNFOLDED = 18; // tokens that are all shown; of a longer text what is far from both ends of a link is folded
const FOLDED = 3; // what fewer rows would hide is shown
const STRONG = 0.05; // the weight of a link whose both ends stay in view
const WORDS_SHOWN = 3;
const NUMBERS = 600; // how many numbers Python that is copied carries along
const RAMPS = {
  light: [[255, 255, 255], [198, 219, 239], [107, 174, 214], [33, 113, 181], [8, 48, 107]],
  dark: [[21, 25, 30], [20, 60, 100], [33, 113, 181], [107, 174, 214], [222, 235, 247]],
};

/** 256 colours from no weight to all; the root of the weight chooses, so that small weights can be told apart. */
function palette(stops) {
  return Array.from({ length: 256 }, (_, i) => {
    const at = (i / 255) * (stops.length - 1);
    const low = Math.min(stops.length - 2, Math.floor(at));
    return stops[low].map((c, channel) => Math.round(c + (at - low) * (stops[low + 1][channel] - c)));
  });
}
const shade = (colours, w) => colours[Math.round(255 * Math.sqrt(Math.min(1, w)))];
const luminance = (rgb) => rgb.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4)).reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
const inkOn = (rgb) => (luminance(rgb) > 0.179 ? "#000" : "#fff");

/** Numbers out of base64: exact doubles, or ten-thousandths in two bytes. */
function unpack({ format, data }) {
  const bytes = bytesOf(data).buffer;
  return format === "f8" ? new Float64Array(bytes) : Float64Array.from(new Uint16Array(bytes), (n) => n / 10000);
}

const matrix = (flat, rows, columns, start = 0) => Array.from({ length: rows }, (_, i) => flat.subarray(start + i * columns, start + (i + 1) * columns));

/** weights(layer, head) of one example: rows of weights, NaN where the future is hidden. */
function reader(example) {
  const { tokens: { length: n }, heads } = example;
  if (example.q) {
    const [q, k] = [example.q, example.k].map(unpack);
    const size = q.length / heads / n;
    return (layer, head, options) => {
      const [Q, K] = [q, k].map((flat) => matrix(flat, n, size, head * n * size));
      const scores = attentionScores(Q, K, options);
      return { scores, weights: scores.map((row) => softmax(row).map((w, j) => (row[j] === -Infinity ? NaN : w))) };
    };
  }
  const flat = unpack(example.weights);
  const room = example.causal ? (n * (n + 1)) / 2 : n * n;
  return (layer, head) => {
    const start = (layer * heads + head) * room;
    if (!example.causal) return { weights: matrix(flat, n, n, start) };
    const row = (i) => Float64Array.from({ length: n }, (_, j) => (j > i ? NaN : flat[start + (i * (i + 1)) / 2 + j]));
    return { weights: Array.from({ length: n }, (_, i) => row(i)) };
  };
}

const sameLink = (a, b) => a.every((value, i) => value === b[i]);

/** A canvas of `width` × `height` page pixels, sharp on any screen. */
function sized(canvas, width, height) {
  const dense = window.devicePixelRatio || 1;
  Object.assign(canvas, { width: Math.round(width * dense), height: Math.round(height * dense) });
  Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
  const pen = canvas.getContext("2d");
  pen.scale(dense, dense);
  return pen;
}

function render({ model, el }) {
  const { examples, names: choices, labels } = model.get("_data");
  const t = translator(labels);
  let colours = palette(RAMPS.light);
  let dark = false;
  const given = fromAddress("attention");
  let example, read, now, cell, queryRows, keyRows, hovered = null;
  let [folds, opened, rowOf] = [[], new Set(), []];
  let [live, whole, changed, listing] = [null, null, null, []];
  const ui = stage(el, t("title"), CSS, (isDark) => { dark = isDark; colours = palette(RAMPS[dark ? "dark" : "light"]); if (now) { paintMap(); paintHeads(); paintRamp(); } });

  const picker = (trait, choice) => {
    const select = h("select", { onchange: () => choice(select.value) });
    const field = h("label", { className: "field" }, t(trait), select);
    const set = (values, value) => {
      field.hidden = values.length < 2;
      field.style.display = field.hidden ? "none" : "";
      select.replaceChildren(...values.map(([v, shown = v]) => h("option", { value: v }, shown)));
      select.value = value;
    };
    return { field, set };
  };
  const pickers = {
    example: picker("example", (value) => change(model, { cut: [], text: "", layer: 0, head: 0, example: value, query: examples[value].tokens.length - 1 })),
    layer: picker("layer", (value) => change(model, { layer: Number(value) })),
    head: picker("head", (value) => change(model, { head: Number(value) })),
  };
  const tick = (trait) => {
    const box = h("input", { type: "checkbox", onchange: () => change(model, { [trait]: box.checked }) });
    return { box, field: h("label", { className: "tick" }, box, t(trait)) };
  };
  const ticks = { scale: tick("scale"), mask: tick("mask") };
  const tickRow = h("div", { className: "row" }, ticks.scale.field, ticks.mask.field);
  const formula = h("div", { className: "formula" });
  const heads = h("div", { className: "heads" });
  const looks = h("div", { className: "looks numbers" });
  const expects = h("div", { className: "expects" });
  const field = h("input", { type: "text", autocomplete: "off", spellcheck: false, oninput: () => write() });
  const note = h("p", { className: "soft note", role: "status" });
  const own = h("div", { className: "own", hidden: true }, h("label", { className: "field" }, t("own"), field), note);
  const queries = h("div", { role: "listbox", "aria-label": t("queries") });
  const keys = h("div");
  const arcs = svgElement("svg", { class: "arcs", "aria-hidden": "true" });
  const middle = h("div", { className: "middle" }, arcs);
  const keyCaption = h("div", { className: "caption" });
  const links = h("div", { className: "scroll" }, h("div", { className: "links" },
    h("div", { className: "caption query" }, t("query")), h("div", { className: "caption" }), keyCaption, queries, middle, keys));
  const [corner, columns, names, cells] = ["corner", "columns", "names", ""].map((className) => h("canvas", { className }));
  const marker = h("div", { className: "marker" });
  const map = h("div", { className: "map" }, corner, columns, names, h("div", { className: "cells" }, cells, marker));
  const mapBox = h("div", { className: "scroll", tabIndex: 0, role: "group", "aria-label": t("map") }, map);
  const hint = t(matchMedia("(hover: none)").matches ? "hint_touch" : "hint");
  const readout = h("p", { className: "readout soft numbers" }, hint);
  const [rampColours, rampTicks] = [h("div", { className: "colours" }), h("div", { className: "ticks numbers" })];

  // Another text may have fewer layers, heads and tokens than the one before it.
  const current = (trait, size) => Math.min(model.get(trait), size - 1);
  const chosen = () => current("query", example.tokens.length);
  const layer = () => current("layer", example.layers);
  const head = () => current("head", example.heads);
  const name = (i) => `${example.tokens[i]}${repeated.has(example.tokens[i]) ? ` (${i})` : ""}`;
  let repeated = new Set();

  /** The reader's words as an example; null without any, and until there is a model to read them. */
  function ownWords() {
    const { tokens } = live ? readWords(`${model.get("text")} `, live) : { tokens: [] };
    if (!tokens.length) return null;
    const words = [live.vocab[0], ...tokens];
    return { ...examples[model.get("example")], own: true, tokens: words, ids: words.map((word) => live.ids.get(word)) };
  }

  /** What stands in the field, as far as the model knows it. */
  function write(text = field.value) {
    field.value = text;
    const reading = readWords(text, live);
    const put = (word) => { field.focus(); write(exchanged(text, reading.unknown, word)); };
    note.replaceChildren(...(reading.unknown ? unknownSaid(t, live, reading, put) : []));
    const known = written(reading.tokens);
    if (known === model.get("text")) return;
    change(model, { cut: [], query: reading.tokens.length || examples[model.get("example")].tokens.length - 1, text: known });
  }

  /** Another text: new lists of tokens. */
  function open() {
    example = ownWords() ?? examples[model.get("example")];
    read = example.own ? null : reader(example); // the model will say
    const { tokens } = example;
    repeated = new Set(tokens.filter((token, i) => tokens.indexOf(token) !== i));
    [hovered, opened, whole, changed] = [null, new Set(), null, null];
    // A pointer that rests is passed by rows that scroll: only one that moves (no "enter") looks at a row.
    queryRows = tokens.map((token, i) => h("div", { className: "token query", role: "option", onclick: () => choose(i, true), onpointermove: (e) => e.pointerType === "mouse" && hovered !== i && hover(i), onpointerleave: () => hover(null) },
      h("span", { className: "text", title: token }, token), h("i", {}, i)));
    queries.replaceChildren(...queryRows);
    keyRows = tokens.map((token, j) => {
      const [score, value, fill] = ["value score soft", "value", "fill"].map((className) => h("span", { className }));
      score.hidden = !example.q;
      return { score, value, fill, node: h("div", { className: "token key numbers" }, h("i", {}, j), h("span", { className: "text", title: token }, token), score, value, fill) };
    });
    keys.replaceChildren(...keyRows.map(({ node }) => node));
    const score = example.q ? [h("span", { className: "score" }, `${t("score")} · `)] : [];
    keyCaption.replaceChildren(h("span", {}, t("key")), h("span", {}, ...score, t("weight")));
    tickRow.style.display = formula.style.display = example.q ? "" : "none";
    folds = [];
  }

  /** Hide the rows that are neither near the chosen query nor near what it looks at. */
  function fold() {
    const n = example.tokens.length;
    const weights = now.weights[chosen()];
    const near = new Set(opened);
    const keep = (j, around) => { for (let k = j - around; k <= j + around; k += 1) near.add(k); };
    keep(chosen(), 2);
    ranking(weights.map((w) => (Number.isNaN(w) ? -1 : w))).slice(0, 5).forEach((j, place) => { if (!place || weights[j] >= STRONG) keep(j, 1); });
    for (const node of folds) node.remove();
    [folds, rowOf] = [[], []];
    let row = 0;
    for (let j = 0; j < n;) {
      let end = j;
      while (end < n && !near.has(end)) end += 1;
      const hidden = n > UNFOLDED && end - j >= FOLDED;
      const next = Math.max(end, j + 1);
      if (hidden) foldAway(j, next);
      for (let k = j; k < next; k += 1) {
        queryRows[k].hidden = keyRows[k].node.hidden = hidden;
        rowOf[k] = hidden ? row : row + k - j;
      }
      row += hidden ? 1 : next - j;
      j = next;
    }
    middle.style.height = `${row * ROW}px`;
  }

  /** One row in the place of those from `start` up to `end`. */
  function foldAway(start, end) {
    const unfold = () => { for (let k = start; k < end; k += 1) opened.add(k); fold(); paintRow(); queryRows[chosen()].focus({ preventScroll: true }); };
    const gap = h("div", { className: "token fold", "aria-hidden": "true" }, "⋯");
    const button = h("button", { type: "button", className: "token fold", onclick: unfold }, t("fold", { n: end - start }));
    queryRows[start].before(gap);
    keyRows[start].node.before(button);
    folds.push(gap, button);
  }

  function hover(i, j) {
    if (i !== hovered) {
      hovered = i;
      paintRow();
    }
    if (i !== null && j !== undefined && !readout.querySelector("button")) tellCell(i, j);
  }

  /** One cell in words, and a button that cuts it where that can be. */
  function tellCell(i, j, able = false) {
    const button = able && canCut(i, j) ? [" ", cutButton(i, j, t(isCut(i, j) ? "mend" : "cut"))] : [];
    readout.replaceChildren(t("cell", { query: name(i), key: name(j), w: words(now.weights[i][j]) }), ...button);
  }

  function choose(i, focus) {
    hovered = null;
    if (i !== chosen()) change(model, { query: i });
    else paintRow();
    if (focus) queryRows[i].focus({ preventScroll: true });
    reveal(links, rowOf[i] * ROW, ROW);
    reveal(mapBox, i * cell, cell);
  }

  /** Scroll a box, and only the box, until the row at `top` is inside; under a mask with the keys before it. */
  function reveal(box, top, height) {
    const header = box === links ? links.querySelector(".caption").offsetHeight : columns.clientHeight;
    const room = box.clientHeight - header;
    const masked = Number.isNaN(now.weights[0].at(-1));
    if (top < box.scrollTop) box.scrollTop = box === links && masked ? top + height - room : top;
    if (top + height > box.scrollTop + room) box.scrollTop = top + height - room;
  }

  /** Scroll the matrix to the chosen row, and to the column at which it looks most. */
  function showLink() {
    reveal(mapBox, chosen() * cell, cell);
    const room = mapBox.clientWidth - corner.clientWidth;
    const row = Array.from(now.weights[chosen()], (w) => w || 0);
    const at = (row.indexOf(Math.max(...row)) + 1) * cell;
    mapBox.scrollLeft = at > room ? at - room / 2 : 0;
  }

  const words = (w) => (Number.isNaN(w) ? t("hidden") : w.toFixed(4));

  const link = (i, j) => [layer(), head(), i, j];
  const cuts = () => model.get("cut");
  const isCut = (i, j) => cuts().some((one) => sameLink(one, link(i, j)));
  /** The last link of a row has nobody to give its weight to. */
  const canCut = (i, j) => Boolean(live && example.ids && (isCut(i, j) || now.weights[i][j] < 1 - 1e-9) && j <= i);

  function toggleCut(i, j) {
    const own = link(i, j);
    change(model, { cut: isCut(i, j) ? cuts().filter((one) => !sameLink(one, own)) : [...cuts(), own] });
  }

  const cutButton = (i, j, text) => h("button", { type: "button", className: "cutter", "aria-pressed": String(isCut(i, j)), "aria-label": t("cut_link", { query: name(i), key: name(j) }), onclick: () => { toggleCut(i, j); tellCell(i, j, true); looks.querySelector("button:not([tabindex='-1'])")?.focus({ preventScroll: true }); } }, text);

  /** The strongest links of a row, those that are cut among them. */
  function strongest(i) {
    const weights = now.weights[i];
    const ranked = ranking(weights.map((w) => (Number.isNaN(w) ? -1 : w))).filter((j) => weights[j] >= 0.00005).slice(0, 5);
    const gone = cuts().filter(([l, h, query]) => l === layer() && h === head() && query === i).map(([, , , key]) => key);
    return [...gone, ...ranked.filter((j) => !gone.includes(j))];
  }

  /** What the model expects behind the query, with the links that are cut and without. */
  function paintExpects(i) {
    expects.style.display = example.ids ? "" : "none";
    if (!example.ids) return;
    if (!live) { expects.textContent = t("loading"); return; }
    const [was, is] = [whole.probs[i], (changed ?? whole).probs[i]];
    const either = is.map((p, id) => Math.max(p, was[id]));
    const word = (id) => (id ? live.vocab[id] : t("end"));
    const bar = (id) => {
      const [fill, ghost] = ["fill", "ghost"].map((className) => h("div", { className }));
      fill.style.width = `${100 * is[id]}%`;
      ghost.style.width = `${100 * was[id]}%`;
      ghost.hidden = !changed;
      return h("div", { className: "bar" }, h("span", { lang: "en" }, word(id)), h("div", { className: "track" }, fill, ghost), h("span", {}, is[id].toFixed(3)), h("span", { className: "soft" }, changed ? was[id].toFixed(3) : ""));
    };
    const mend = h("button", { type: "button", className: "small", disabled: !cuts().length, onclick: () => { change(model, { cut: [] }); queryRows[chosen()].focus({ preventScroll: true }); } }, t("mend_all", { n: cuts().length }));
    expects.replaceChildren(
      h("div", { className: "row" }, h("span", { className: "heading" }, t("expects", { query: name(i) })), mend),
      h("div", { className: "bar soft" }, h("span"), h("span"), h("span", {}, changed ? t("after_cut") : ""), h("span", {}, changed ? t("before_cut") : "")),
      ...ranking(either).slice(0, WORDS_SHOWN).map(bar));
  }

  /** The chosen query: its sentence, its links, its numbers. */
  function paintRow() {
    const i = hovered ?? chosen();
    const width = middle.clientWidth; // before anything changes, for else the browser lays out all of it first
    const weights = now.weights[i];
    const ranked = strongest(i);
    const score = (j) => (now.scores && j === ranked[0] ? ` (${t("score")} ${show(now.scores[i][j], 2)})` : "");
    const said = (j) => `${name(j)} ${words(weights[j])}${score(j)}`;
    const parts = ranked.flatMap((j, place) => [place ? ", " : "", ...(canCut(i, j) ? [cutButton(i, j, said(j))] : [said(j)])]);
    looks.replaceChildren(h("b", {}, t("looks", { query: name(i), list: "" })), ...parts, weights.filter((w) => w >= 0.00005).length > 5 ? ", …" : "", ...(live && example.ids ? [h("p", { className: "soft" }, t("cut_hint"))] : []));
    [...looks.querySelectorAll("button")].forEach((button, place) => { button.tabIndex = place ? -1 : 0; });
    paintExpects(i);
    queryRows.forEach((node, q) => { node.ariaSelected = q === chosen(); node.classList.toggle("shown", q === i); node.tabIndex = q === chosen() ? 0 : -1; });
    listing = [...weights.keys()].filter((j) => !Number.isNaN(weights[j])).map((j) => [name(j), ...(now.scores ? [show(now.scores[i][j], 4)] : []), words(weights[j])]);
    foot.refresh();
    keyRows.forEach(({ node, score, value, fill }, j) => {
      const w = weights[j];
      node.classList.toggle("hidden", Number.isNaN(w));
      node.classList.toggle("cut", isCut(i, j));
      if (now.scores) score.textContent = show(now.scores[i][j], 2);
      value.textContent = words(w);
      fill.style.transform = `scaleX(${w || 0})`;
    });
    const y = (n) => (rowOf[n] + 0.5) * ROW;
    const arc = (j) => `<path d="M0 ${y(i)}C${width / 2} ${y(i)} ${width / 2} ${y(j)} ${width} ${y(j)}" stroke-width="${(1 + 7 * weights[j]).toFixed(2)}" opacity="${(0.15 + 0.85 * weights[j]).toFixed(3)}"/>`;
    arcs.setAttribute("width", width);
    arcs.setAttribute("height", middle.style.height);
    arcs.innerHTML = [...weights.keys()].filter((j) => weights[j] >= 0.005).map(arc).join("");
    Object.assign(marker.style, { top: `${i * cell}px`, height: `${cell}px`, width: `${weights.length * cell}px` });
    return t("looks", { query: name(i), list: ranked.map(said).join(", ") });
  }

  /** The whole matrix, with numbers where they can be read and names at the edges that stay in sight. */
  function paintMap() {
    const n = example.tokens.length;
    const ink = getComputedStyle(ui.card).color;
    const faint = dark ? "#3d4650" : "#c9d1d9";
    const narrow = n > 10 && mapBox.clientWidth < 430;
    const labelFont = `${narrow ? 11 : 12}px system-ui, sans-serif`;
    const ruler = sized(corner, 1, 1);
    ruler.font = labelFont;
    const cut = (text, most) => { let s = text; while (s.length > 1 && ruler.measureText(s).width > most) s = s.slice(0, -1); return s === text ? s : `${s.slice(0, -1)}…`; };
    const texts = example.tokens.map((token) => cut(token, narrow ? 44 : 64));
    const longest = Math.max(...texts.map((text) => ruler.measureText(text).width));
    const edge = Math.ceil(longest) + 12;
    cell = Math.max(n <= 30 ? 11 : 13, Math.min(56, Math.floor((mapBox.clientWidth - edge - 2) / n)));
    const upright = longest + 6 > cell;
    const top = upright ? edge : 22;
    map.style.gridTemplateColumns = `${edge}px ${n * cell}px`;
    sized(corner, edge, top);
    const across = sized(columns, n * cell, top);
    const down = sized(names, edge, n * cell);
    const pen = sized(cells, n * cell, n * cell);
    for (const p of [across, down]) Object.assign(p, { font: labelFont, fillStyle: ink, textBaseline: "middle" });
    across.textAlign = upright ? "left" : "center";
    down.textAlign = "right";
    texts.forEach((text, i) => {
      const middle = (i + 0.5) * cell;
      down.fillText(text, edge - 6, middle);
      across.save();
      across.translate(middle, upright ? top - 5 : top / 2);
      if (upright) across.rotate(-Math.PI / 2);
      across.fillText(text, 0, 0);
      across.restore();
    });
    Object.assign(pen, { textAlign: "center", textBaseline: "middle", strokeStyle: faint, lineWidth: 1 });
    const printed = n <= 10 && cell >= 26;
    pen.font = `${cell >= 38 ? 13 : 11}px system-ui, sans-serif`;
    now.weights.forEach((weights, i) => weights.forEach((w, j) => {
      const [x, y] = [j * cell, i * cell];
      if (Number.isNaN(w)) { pen.beginPath(); pen.moveTo(x, y + cell); pen.lineTo(x + cell, y); pen.stroke(); return; }
      const colour = shade(colours, w);
      pen.fillStyle = `rgb(${colour})`;
      pen.fillRect(x, y, cell, cell);
      if (n <= 40) pen.strokeRect(x + 0.5, y + 0.5, cell, cell);
      if (!printed) return;
      pen.fillStyle = inkOn(colour);
      pen.fillText(w.toFixed(2), x + cell / 2, y + cell / 2 + 1);
    }));
  }

  /** A small picture of every head of the layer, each a button. */
  function paintHeads() {
    heads.style.display = example.heads > 1 ? "" : "none";
    const n = example.tokens.length;
    heads.replaceChildren(...places(example.heads).map((number) => {
      const canvas = h("canvas", { width: n, height: n, "aria-hidden": "true" });
      const image = new ImageData(n, n);
      (changed?.weights ?? read)(layer(), number, options()).weights.forEach((weights, i) => weights.forEach((w, j) => image.data.set([...shade(colours, w || 0), 255], 4 * (i * n + j))));
      canvas.getContext("2d").putImageData(image, 0, 0);
      return h("button", { type: "button", "aria-pressed": String(number === head()), "aria-label": t("head_button", { n: number }), onclick: () => { change(model, { head: number }); heads.children[number].focus(); } }, canvas, String(number));
    }));
  }

  function paintRamp() {
    const colour = (x) => `rgb(${shade(colours, x)}) ${100 * x}%`;
    rampColours.style.background = `linear-gradient(90deg, ${Array.from({ length: 21 }, (_, i) => colour(i / 20)).join(",")})`;
    rampTicks.replaceChildren(...[0, 0.25, 0.5, 0.75, 1].map((x) => { const mark = h("span", {}, String(x)); mark.style.left = `${100 * x}%`; return mark; }));
  }

  function paintFormula() {
    const { scale, mask } = options();
    const term = (inside) => `<mrow class="term">${inside}</mrow>`;
    const product = "<mi>Q</mi><msup><mi>K</mi><mo>⊤</mo></msup>";
    const root = "<msqrt><msub><mi>d</mi><mi>k</mi></msub></msqrt>";
    formula.innerHTML = `<math display="block"><mi>A</mi><mo>=</mo><mi>softmax</mi><mo>(</mo>${scale ? `<mfrac><mrow>${product}</mrow>${term(root)}</mfrac>` : product}${mask ? `<mo>+</mo>${term("<mi>M</mi>")}` : ""}<mo>)</mo></math>`;
  }

  const options = () => ({ scale: model.get("scale"), mask: model.get("mask") });
  const places = (n) => Array.from({ length: n }, (_, i) => i);

  /** Another head or another way of computing: the same tokens, new weights. */
  function update(foldsAnew = true) {
    readout.textContent = hint;
    pickers.example.set(choices, model.get("example"));
    pickers.layer.set(places(example.layers).map((i) => [i]), layer());
    pickers.head.set(places(example.heads).map((i) => [i]), head());
    for (const [trait, { box }] of Object.entries(ticks)) box.checked = model.get(trait);
    if (live && example.ids) {
      whole ??= runModel(live.gpt, example.ids, []);
      read ??= whole.weights;
      changed = cuts().length ? runModel(live.gpt, example.ids, cuts()) : null;
    }
    now = (changed?.weights ?? read)(layer(), head(), options());
    paintMap();
    paintHeads();
    paintFormula();
    if (foldsAnew) fold();
    ui.say(paintRow());
  }

  const onKey = (event) => {
    const i = arrowed(event, chosen(), example.tokens.length);
    if (i !== null) choose(i, event.currentTarget === queries);
  };
  queries.onkeydown = mapBox.onkeydown = onKey;
  const at = (event) => ["offsetY", "offsetX"].map((axis) => Math.max(0, Math.min(example.tokens.length - 1, Math.floor(event[axis] / cell))));
  cells.onpointermove = (event) => event.pointerType === "mouse" && hover(...at(event));
  cells.onpointerleave = () => { hover(null); if (!readout.querySelector("button")) readout.textContent = hint; };
  cells.onclick = (event) => { const [i, j] = at(event); choose(i); tellCell(i, j, true); };
  looks.onkeydown = (event) => {
    const buttons = [...looks.querySelectorAll("button")];
    const place = arrowed(event, buttons.indexOf(event.target), buttons.length);
    if (place === null) return;
    buttons.forEach((button, i) => { button.tabIndex = i === place ? 0 : -1; });
    buttons[place].focus();
  };

  const state = () => Object.fromEntries(TRAITS.map((trait) => [trait, model.get(trait)]));
  /** Python that makes this very widget, with its numbers where they are few. */
  function call() {
    const set = [`layer=${layer()}`, `head=${head()}`, `query=${chosen()}`];
    if (example.ids) {
      const more = [...(example.own ? [`text=${python(model.get("text"))}`] : []), ...(cuts().length ? [`cut=${python(cuts())}`] : [])];
      return `from lmlib.pretrained import load_book_gpt\n\ntokens = ${python(examples[model.get("example")].words)}\nAttentionHeatmap(${["tokens", "model=load_book_gpt()", ...set, ...more].join(", ")})`;
    }
    const rows = (flat, size) => Array.from(matrix(flat, example.tokens.length, size), (row) => Array.from(row));
    const ways = [...(model.get("scale") ? [] : ["scale=False"]), ...(model.get("mask") === (example.q ? true : example.causal) ? [] : [`mask=${python(model.get("mask"))}`])];
    if (example.q) {
      const [q, k] = [example.q, example.k].map(unpack);
      if (q.length > NUMBERS) return `AttentionHeatmap(${["tokens", "q=q", "k=k", ...set, ...ways].join(", ")})`;
      const [Q, K] = [q, k].map((flat) => Array.from({ length: example.heads }, (_, one) => rows(flat.subarray(one * flat.length / example.heads), flat.length / example.heads / example.tokens.length)));
      return `tokens = ${python(example.tokens)}\nq = ${python(Q)}\nk = ${python(K)}\nAttentionHeatmap(${["tokens", "q=q", "k=k", ...set, ...ways].join(", ")})`;
    }
    const few = example.layers * example.heads * example.tokens.length ** 2 <= NUMBERS;
    const all = places(example.layers).map((l) => places(example.heads).map((one) => read(l, one).weights.map((row) => Array.from(row, (w) => w || 0))));
    return `${few ? `tokens = ${python(example.tokens)}\nweights = ${python(all)}\n` : ""}AttentionHeatmap(${["tokens", "weights", ...(example.causal ? [] : ["causal=False"]), ...set].join(", ")})`;
  }
  const foot = below({ t, kind: "attention", call, state, numbers: () => [[t("key"), ...(now.scores ? [t("score")] : []), t("weight")], listing] });

  /** What of an address can be: the rest is left as it stands. */
  function takeFrom(found) {
    if (Object.hasOwn(examples, found.example)) change(model, { cut: [], layer: 0, head: 0, query: 0, example: found.example });
    const text = live && typeof found.text === "string" ? written(readWords(`${found.text} `, live).tokens) : "";
    if (text) change(model, { cut: [], query: 0, text });
    const { layers, heads: n, tokens, ids } = ownWords() ?? examples[model.get("example")];
    const within = (size) => (value) => Number.isInteger(value) && value >= 0 && value < size;
    const [isLayer, isHead, isToken] = [layers, n, tokens.length].map(within);
    const yesNo = (value) => typeof value === "boolean";
    const isLink = (one) => Array.isArray(one) && one.length === 4 && isLayer(one[0]) && isHead(one[1]) && isToken(one[2]) && isToken(one[3]) && one[3] <= one[2] && one[2] > 0;
    const fits = { layer: isLayer, head: isHead, query: isToken, scale: yesNo, mask: yesNo, cut: (value) => Boolean(ids) && Array.isArray(value) && value.length <= 20 && value.every(isLink) };
    const taken = Object.keys(fits).filter((name) => name in found && fits[name](found[name]));
    if (taken.length) change(model, Object.fromEntries(taken.map((name) => [name, found[name]])));
  }

  ui.card.append(
    h("div", { className: "row pickers" }, ...Object.values(pickers).map((p) => p.field)), tickRow, formula, own, heads, looks, expects,
    h("div", { className: "panes" }, links, h("div", {}, mapBox, h("div", { className: "row" }, h("span", { className: "soft" }, t("legend")), h("div", { className: "ramp soft" }, rampColours, rampTicks)), readout)), foot.el);
  takeFrom(given);
  open();
  update();
  paintRamp();
  reveal(links, rowOf[chosen()] * ROW, ROW); // a long text begins where its chosen query stands
  let width = 0;
  const resize = new ResizeObserver(() => { if (mapBox.clientWidth !== width) { width = mapBox.clientWidth; paintMap(); paintRow(); showLink(); } });
  resize.observe(mapBox);
  const quiet = [
    listen(model, ["layer", "head", "cut"], () => update()),
    listen(model, ["scale", "mask"], () => update(false)), // the rows stay: nothing jumps
    listen(model, ["query"], () => { readout.textContent = hint; fold(); ui.say(paintRow()); }),
    listen(model, ["example", "text"], () => { if (field.getRootNode().activeElement !== field) { field.value = model.get("text"); note.replaceChildren(); } open(); update(); showLink(); }),
  ];
  if (Object.values(examples).some(({ ids }) => ids)) liveModel(model, el).then((found) => {
    live = found;
    own.hidden = false;
    if (given.text) takeFrom(given);
    if (model.get("text")) { field.value = model.get("text"); open(); update(); showLink(); } else update(false);
    ui.card.dataset.live = "";
  }, () => { expects.textContent = t("no_model"); });
  return () => { quiet.forEach((stop) => stop()); resize.disconnect(); ui.done(); };
}

export default { render };
