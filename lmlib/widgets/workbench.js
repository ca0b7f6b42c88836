// The attention workbench: one head whose every number can be changed, and its computation, cell by cell.

const GIVEN = ["x", "w_q", "w_k", "w_v"];
const STATE = [...GIVEN, "scale", "mask", "step"];
const [MOST, SIZE] = [1000, 4];
const PLAIN = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
// What each part is made of: a row of the first, and a column of the second, or its row where that is turned (Kᵀ).
const MADE_OF = { q: ["x", "w_q"], k: ["x", "w_k"], v: ["x", "w_v"], s: ["q", "k"], o: ["a", "v"] };

/** The number that a reader wrote, null if there is none or it is out of bounds. */
function numberIn(text) {
  const plain = text.trim().replaceAll("−", "-").replace(",", ".");
  const value = PLAIN.test(plain) ? Number(plain) + 0 : NaN; // + 0: no −0
  return Math.abs(value) <= MOST ? value : null;
}

/** A number that fits into a cell: to two places as the chapter prints outputs, weights to three. */
function short(x, part) {
  if (!Number.isFinite(x)) return "−∞";
  if (GIVEN.includes(part)) return written(x);
  const size = Math.abs(x);
  const places = size < 10 ? (part === "a" ? 3 : 2) : size < 100 ? 1 : 0;
  if (size >= 1e4 || (part === "a" && size > 0 && size < 0.0005)) return written(x.toExponential(size < 1 || x < 0 ? 0 : 1).replace("e+", "e"));
  return written(x.toFixed(Number.isInteger(x) ? 0 : places)).replace(/^−(0\.?0*)$/, "$1");
}
/** As it is typed: all digits. */
const written = (x) => String(x).replaceAll("-", "−");
const factor = (x, part) => (x < 0 ? `(${short(x, part)})` : short(x, part));

const product = (a, b) => a.map((row) => b[0].map((_, j) => row.reduce((sum, x, c) => sum + x * b[c][j], 0)));

/** Every matrix of the head, by the letter of its part. */
function computed({ x, w_q, w_k, w_v, scale, mask }) {
  const [q, k, v] = [w_q, w_k, w_v].map((w) => product(x, w));
  const scores = (options) => attentionScores(q, k, options);
  const a = attentionWeights(q, k, { scale, mask }).map((row) => [...row]);
  return { x, w_q, w_k, w_v, q, k, v, s: scores({ scale: false, mask: false }), d: scores({ scale, mask: false }), m: scores({ scale, mask }), a, o: product(a, v) };
}

const partsOf = ({ scale, mask }) => ["q", "k", "v", "s", ...(scale ? ["d"] : []), ...(mask ? ["m"] : []), "a", "o"];

/** Every cell in the order of the computation: [part, row, column]. */
function cellsOf(state) {
  const T = state.x.length;
  const width = { q: state.w_q[0].length, k: state.w_q[0].length, v: state.w_v[0].length, o: state.w_v[0].length };
  return partsOf(state).flatMap((part) => Array.from({ length: T * (width[part] ?? T) }, (_, n) => [part, Math.floor(n / (width[part] ?? T)), n % (width[part] ?? T)]));
}

/** What an address says, as far as it makes sense here. */
function sensible(found, state) {
  const fits = (m, rows, columns) => Array.isArray(m) && m.length === rows && m.every((row) => Array.isArray(row) && row.length === columns && row.every((v) => typeof v === "number" && Math.abs(v) <= MOST));
  const [T, C] = [state.x.length, state.x[0].length];
  const wide = (m) => Math.min(SIZE, Math.max(1, m?.[0]?.length || 0));
  const good = {};
  if (fits(found.x, T, C)) good.x = found.x;
  if (fits(found.w_q, C, wide(found.w_q)) && fits(found.w_k, C, wide(found.w_q))) Object.assign(good, { w_q: found.w_q, w_k: found.w_k });
  if (fits(found.w_v, C, wide(found.w_v))) good.w_v = found.w_v;
  for (const name of ["scale", "mask"]) if (typeof found[name] === "boolean") good[name] = found[name];
  const last = cellsOf({ ...state, ...good }).length;
  if (Number.isInteger(found.step) && found.step >= 0 && found.step <= last) good.step = found.step;
  return good;
}

/** "W_Q" with its Q below the line. */
const lowered = (text) => text.split(/_(\w)/).map((part, i) => (i % 2 ? h("sub", {}, part) : part));

const mi = (part, text) => `<mi class="t" data-part="${part}">${text}</mi>`;
/** The formula, with or without its root and its mask; written here, so that nothing of the reader's is in it. */
function formulaOf(scale, mask) {
  const above = `<mrow class="t" data-part="s">${mi("q", "Q")}<msup>${mi("k", "K")}<mo>⊤</mo></msup></mrow>`;
  const inside = scale ? `<mfrac>${above}<msqrt class="t" data-part="d"><msub><mi>d</mi><mi>k</mi></msub></msqrt></mfrac>` : above;
  const hidden = mask ? `${mi("m", "mask")}<mrow><mo>(</mo>${inside}<mo>)</mo></mrow>` : inside;
  return `<math display="block">${mi("a", "softmax")}<mrow><mo>(</mo>${hidden}<mo>)</mo></mrow><mspace width="0.2em"/>${mi("v", "V")}</math>`;
}

function render({ model, el }) {
  const { tokens, columns, words, labels } = model.get("_data");
  const t = translator(labels);
  const ui = stage(el, t("title"), CSS);
  const read = () => Object.fromEntries(STATE.map((name) => [name, model.get(name)]));
  const first = read();
  let [state, now, cells, picked, tables, shape, busy] = [first, null, [], null, {}, "", false];
  const T = tokens.length;
  const ordinals = (n) => Array.from({ length: n }, (_, i) => String(i + 1));

  const formula = h("div", { className: "formula" });
  const sheet = h("div", { className: "sheet" });
  const [sum, why, fetches, note] = ["sum numbers", "soft why", "soft fetches", "note"].map((className) => h("p", { className }));

  const namesOf = (part) => (GIVEN.indexOf(part) > 0 ? columns : tokens);
  const headsOf = (part, n) => (part === "x" ? columns : "sdma".includes(part) ? tokens : ordinals(n));
  const nameOf = (key) => t(key).replaceAll("_", " ");

  /** A matrix with its title and the names of its rows and columns; one tab stop, arrows inside. */
  function table(part, rows, width) {
    const [names, heads] = [namesOf(part), headsOf(part, width)];
    const given = GIVEN.includes(part);
    const make = (i, j) => given
      ? h("input", { type: "text", autocomplete: "off", spellcheck: false, tabIndex: i || j ? -1 : 0, "aria-label": t("cell", { row: names[i], column: heads[j], value: nameOf(`m_${part}`) }) })
      : h("td", { tabIndex: i || j ? -1 : 0 });
    const grid = Array.from({ length: rows }, (_, i) => Array.from({ length: width }, (_, j) => make(i, j)));
    const name = (text) => h("span", { className: "label", title: text }, text);
    const body = grid.map((row, i) => h("tr", {}, h("th", { scope: "row" }, name(names[i])), ...row.map((cell) => (given ? h("td", {}, cell) : cell))));
    const el = h("div", { className: `matrix ${part}` },
      h("p", { className: "heading" }, ...lowered(t(`m_${part}`))),
      h("table", { role: "grid", "aria-label": nameOf(`m_${part}`) }, h("tr", {}, h("td"), ...heads.map((text) => h("th", { scope: "col" }, name(text)))), ...body));
    const move = (i, j) => {
      grid.flat().forEach((cell) => { cell.tabIndex = -1; });
      grid[i][j].tabIndex = 0;
      grid[i][j].focus();
      if (given) grid[i][j].select(); else go(part, i, j);
    };
    grid.forEach((row, i) => row.forEach((cell, j) => {
      cell.onkeydown = (event) => {
        const sideways = event.key === "ArrowLeft" || event.key === "ArrowRight";
        // In a number the arrows first move the caret.
        const edge = event.key === "ArrowLeft" ? 0 : cell.value?.length;
        const all = given && cell.selectionStart === 0 && cell.selectionEnd === cell.value.length;
        if (given && sideways && !all && (cell.selectionStart !== edge || cell.selectionEnd !== edge)) return;
        if (given && (event.key === "Home" || event.key === "End")) return;
        const to = sideways || event.key === "Home" || event.key === "End" ? arrowed(event, j, width) : arrowed(event, i, rows);
        if (to !== null) move(...(sideways || event.key === "Home" || event.key === "End" ? [i, to] : [to, j]));
      };
      if (given) editable(part, i, j, cell); else cell.onclick = () => move(i, j);
    }));
    return { el, grid, heads, names };
  }

  /** A cell of a given matrix: it follows what is written, and goes back where that is no number. */
  function editable(part, i, j, cell) {
    let before = null;
    const put = (value) => change(model, { [part]: model.get(part).map((row, r) => row.map((v, c) => (r === i && c === j ? value : v))) });
    cell.onfocus = () => { before = model.get(part)[i][j]; };
    cell.oninput = () => {
      const value = numberIn(cell.value);
      if (value !== null) { tell(""); put(value); }
    };
    cell.onchange = () => {
      const value = numberIn(cell.value);
      if (value === null) {
        tell(t(cell.value.trim() ? "bad" : "bad_empty", { text: cell.value.trim().slice(0, 20), most: MOST, value: written(before) }));
        put(before);
      } else tell("");
      before = model.get(part)[i][j];
      cell.value = written(before);
    };
  }

  /** A note stands where else the cell is explained. */
  function tell(text) {
    note.textContent = text;
    why.hidden = Boolean(text);
    if (text) ui.say(text);
  }

  function build() {
    tables = Object.fromEntries([...GIVEN, "q", "k", "v", "s", "d", "m", "a", "o"].map((part) => [part, table(part, now[part].length, now[part][0].length)]));
    // X and its three views; the scores on their way; weights and output.
    const group = (...parts) => h("div", { className: "group" }, ...parts.map((part) => tables[part].el));
    sheet.replaceChildren(group("x", "w_q", "w_k", "w_v"), group("q", "k", "v"), group("s", "d", "m"), group("a", "o"));
  }

  /** To a cell: it is looked at, and computed first, with all before it, where it is not yet. */
  function go(part, i, j) {
    const place = cells.findIndex((cell) => cell[0] === part && cell[1] === i && cell[2] === j);
    if (place < 0) return;
    if (place < state.step) { picked = place; paint(); } else to(place + 1);
  }

  function to(step) {
    picked = null;
    tell("");
    const wanted = Math.min(cells.length, Math.max(0, step));
    if (wanted === state.step) paint(); else change(model, { step: wanted });
  }

  const current = () => (state.step ? cells[picked ?? state.step - 1] : null);

  /** Which cells made this one. */
  function sources([part, i, j]) {
    const before = partsOf(state)[partsOf(state).indexOf(part) - 1];
    if (part === "a") return [[before, i, null]];
    if (part === "d" || part === "m") return [[before, i, j]];
    const [left, right] = MADE_OF[part];
    return [[left, i, null], part === "s" ? [right, j, null] : [right, null, j]];
  }

  /** How it was made, in numbers. */
  function sumOf([part, i, j]) {
    const before = partsOf(state)[partsOf(state).indexOf(part) - 1];
    const value = short(now[part][i][j], part);
    if (part === "m") return `${short(now[before][i][j])} → ${value}`;
    if (part === "d") return `${short(now.s[i][j])} / √${state.w_q[0].length} = ${value}`;
    if (part === "a") {
      const row = now[before][i];
      const top = Math.max(...row);
      const e = (z) => (z === -Infinity ? "0" : `exp(${short(z)} − ${factor(top)})`);
      const all = row.reduce((total, z) => total + Math.exp(z - top), 0);
      return `${e(row[j])} / (${row.map(e).join(" + ")}) = ${short(Math.exp(row[j] - top), "a")} / ${short(all, "a")} = ${value}`;
    }
    const [left, right] = MADE_OF[part];
    const terms = now[left][i].map((x, c) => `${factor(x, left)}·${factor(part === "s" ? now.k[j][c] : now[right][c][j], right)}`);
    return `${terms.join(" + ")} = ${value}`;
  }

  function whyOf([part, i, j]) {
    const seen = now.v.map((row) => row[j]).filter((_, s) => now.a[i][s] > 0);
    const values = part === "o" ? { low: short(Math.min(...seen)), high: short(Math.max(...seen)) } : {};
    const key = part === "m" && now.m[i][j] === -Infinity ? "why_m_hidden" : `why_${part}`;
    return t(key, { row: tokens[i], column: tokens[j], n: j + 1, d: state.w_q[0].length, ...values });
  }

  const active = (node) => node.getRootNode().activeElement === node;

  /** The cell that is looked at, and what made it. */
  function paint() {
    const cell = current();
    const made = new Map(cells.slice(0, state.step).map(([part, i, j]) => [`${part}${i}${j}`, true]));
    const from = cell ? sources(cell) : [];
    const inside = (part, i, j) => from.some(([p, r, c]) => p === part && (r === null || r === i) && (c === null || c === j));
    const part = cell ? cell[0] : "q";
    const used = new Set([part, ...(cell ? from.map(([p]) => p) : ["x", "w_q"])]);
    for (const [name, { el, grid, heads, names }] of Object.entries(tables)) {
      el.classList.toggle("used", used.has(name));
      grid.forEach((row, i) => row.forEach((node, j) => {
        const given = GIVEN.includes(name);
        const box = given ? node.parentNode : node;
        const value = now[name][i][j];
        const known = given || made.has(`${name}${i}${j}`);
        if (given) { if (!active(node)) node.value = written(value); } else {
          node.textContent = known ? short(value, name) : "";
          node.title = known ? written(value).replace("Infinity", "∞") : "";
          node.ariaLabel = t("cell", { row: names[i], column: heads[j], value: known ? short(value, name) : t("empty") });
          node.ariaSelected = String(Boolean(cell) && cell[0] === name && cell[1] === i && cell[2] === j);
        }
        box.classList.toggle("from", inside(name, i, j));
        box.classList.toggle("now", Boolean(cell) && cell[0] === name && cell[1] === i && cell[2] === j);
        box.classList.toggle("hidden", known && value === -Infinity);
        if (name === "a") box.style.setProperty("--weight", known ? value.toFixed(3) : 0);
      }));
    }
    for (const term of formula.querySelectorAll(".t")) term.classList.toggle("hot", Boolean(cell) && (term.dataset.part === part || (part === "o" && term.dataset.part === "v")));
    for (const [name, button] of Object.entries(chips)) {
      button.hidden = !partsOf(state).includes(name);
      button.ariaPressed = String(Boolean(cell) && name === part);
      button.tabIndex = name === part ? 0 : -1;
    }
    sum.textContent = cell ? sumOf(cell) : t("begin");
    why.textContent = cell ? whyOf(cell) : "";
    const asks = cell ? cell[1] : T - 1;
    const whole = tokens.every((_, s) => made.has(`a${asks}${s}`));
    fetches.textContent = whole ? t("fetches", { row: tokens[asks], list: now.a[asks].map((w, s) => [w, tokens[s]]).filter(([w]) => w > 0).map(([w, column]) => t("takes", { w: short(w, "a"), column })).join(", ") }) : "";
    slider.value = state.step;
    const where = cell ? `${nameOf(`m_${part}`)}, ${tokens[cell[1]]}, ${tables[part].heads[cell[2]]}` : t("begin");
    slider.setAttribute("aria-valuetext", where);
    at.textContent = t("at", { n: cell ? (picked ?? state.step - 1) + 1 : 0, N: cells.length });
    allow(back, state.step);
    allow(forward, state.step !== cells.length || (picked ?? cells.length - 1) !== cells.length - 1);
    if (!note.textContent && cell) ui.say(t("live", { part: nameOf(`m_${part}`), cell: `${tokens[cell[1]]}, ${tables[part].heads[cell[2]]}`, sum: sum.textContent }));
    foot.refresh();
  }

  /** Anything that changes a number or the order of the cells. */
  function update() {
    if (busy) return;
    state = read();
    now = computed(state);
    const size = `${state.w_q[0].length} ${state.w_v[0].length}`;
    const before = cells[picked];
    cells = cellsOf(state);
    state.step = Math.min(state.step, cells.length); // Python tells of a switch first, and then of the step
    if (size !== shape) { shape = size; picked = null; build(); } else if (picked !== null) {
      const place = cells.findIndex((cell) => String(cell) === String(before));
      picked = place >= 0 && place < state.step ? place : null;
    }
    for (const name of ["s", "d", "m"]) tables[name].el.classList.toggle("off", !partsOf(state).includes(name));
    scale.checked = state.scale;
    mask.checked = state.mask;
    width.value = state.w_q[0].length;
    slider.max = cells.length;
    formula.innerHTML = formulaOf(state.scale, state.mask);
    paint();
  }

  /** Several values at once, and the place in the computation: at its end it stays there, else at the same cell. */
  function set(values) {
    const next = { ...state, ...values };
    const order = cellsOf(next);
    const last = cells[state.step - 1];
    const same = last ? order.findIndex((cell) => String(cell) === String(last)) + 1 : 0;
    // A part that is switched off leaves the cell before it.
    const earlier = order.filter(([part]) => last && partsOf(state).indexOf(part) < partsOf(state).indexOf(last[0])).length;
    const step = values.step ?? (state.step === cells.length ? order.length : same || earlier);
    busy = true;
    change(model, { ...values, step });
    busy = false;
    update();
  }

  /** Queries and keys of another length: a new column repeats the last. */
  const resized = (m, n) => m.map((row) => Array.from({ length: n }, (_, j) => row[Math.min(j, row.length - 1)]));

  const tick = (name) => h("input", { type: "checkbox", onchange: (event) => set({ [name]: event.target.checked }) });
  const [scale, mask] = ["scale", "mask"].map(tick);
  const width = h("select", { "aria-label": t("size_name"), onchange: () => set({ w_q: resized(state.w_q, Number(width.value)), w_k: resized(state.w_k, Number(width.value)) }) }, ...ordinals(SIZE).map((n) => h("option", { value: n }, n)));
  const button = (key, onclick, props) => pressable(t(key), onclick, props);
  const walk = (by) => () => {
    if (picked !== null && picked + by >= 0 && picked + by < state.step) { picked += by; tell(""); paint(); } else to(state.step + by);
  };
  const back = button("back", walk(-1), { "aria-label": t("back_name") });
  const forward = button("forward", walk(1), { "aria-label": t("forward_name") });
  const all = button("all", () => to(cells.length));
  const fresh = button("fresh", () => { tell(""); picked = null; set(first); });
  const slider = h("input", { type: "range", min: 0, step: 1, "aria-label": t("slider"), oninput: () => to(Number(slider.value)) });
  const at = h("span", { className: "soft numbers at" });
  const chips = Object.fromEntries(["q", "k", "v", "s", "d", "m", "a", "o"].map((part) => [part, h("button", {
    type: "button", className: "small", "aria-label": nameOf(`m_${part}`),
    onclick: () => { const [, i, j] = cells.findLast(([name]) => name === part); go(part, i, j); },
    onkeydown: (event) => {
      const shown = partsOf(state);
      const place = arrowed(event, shown.indexOf(part), shown.length);
      if (place !== null) { chips[shown[place]].focus(); chips[shown[place]].click(); }
    },
  }, ...lowered(t(`p_${part}`)))]));
  const call = () => {
    const defaults = { scale: true, mask: true, step: cells.length };
    const names = [["tokens", words[0]], ["columns", words[1]]].filter(([, list]) => String(list) !== String(ordinals(list.length)));
    const settings = Object.entries(defaults).filter(([name, value]) => state[name] !== value).map(([name]) => [name, state[name]]);
    return `AttentionWorkbench(${[...GIVEN.map((name) => python(state[name])), ...[...names, ...settings].map(([name, value]) => `${name}=${python(value)}`)].join(", ")})`;
  };
  const foot = below({
    t, kind: "workbench", call, state: () => state,
    numbers: () => [[t("word"), ...tokens.map((column) => t("weight_of", { column })), ...now.o[0].map((_, j) => t("output_n", { n: j + 1 }))], tokens.map((token, i) => [token, ...now.a[i].map((w) => show(w)), ...now.o[i].map((o) => show(o))])],
  });

  ui.card.append(
    formula,
    h("div", { className: "row switches" }, h("label", { className: "tick" }, scale, h("span", {}, ...lowered(t("scale")))), h("label", { className: "tick" }, mask, t("mask")), h("label", { className: "field" }, h("span", {}, ...lowered(t("size"))), width), fresh),
    h("div", { className: "row walk" }, back, forward, all, slider, at),
    h("div", { className: "row parts", role: "group", "aria-label": t("parts") }, ...Object.values(chips)),
    h("div", { className: "told-of" }, sum, why, note), h("p", { className: "soft" }, t("editable")), sheet, fetches, foot.el);

  const quiet = listen(model, STATE, update);
  update();
  const given = sensible(fromAddress("workbench"), state);
  if (Object.keys(given).length) set(given);
  return () => { quiet(); ui.done(); };
}

export default { render };
