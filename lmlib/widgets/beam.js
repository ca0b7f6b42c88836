// The search tree of beam search: what lmlib.beam keeps of all ways to go on with a text, step by step,
// a few of those that it throws away, and what greedy writes.

const FIRST = { beams: 3, steps: 4, length_penalty: 0, step: null };
const [WIDEST, LONGEST, STRONGEST] = [5, 8, 2];
const countTo = (n) => Array.from({ length: n }, (_, i) => i + 1);
const PENALTIES = Array.from({ length: 21 }, (_, i) => Number((0.1 * i).toFixed(1)));
// So many ways to go on have a row in each column, kept or not; one more row is greedy's, should it not be among them.
const ROWS = 7;
const [WIDE, HIGH, COLUMN, ROW, GAP, TOP, ROOT, MARGIN] = [96, 40, 120, 46, 14, 24, 58, 6];
const STOP = 0;

/** Logarithms of probabilities, as lmlib.softmax computes them. */
function logSoftmax(logits) {
  let [top, sum] = [-Infinity, 0];
  for (const z of logits) if (z > top) top = z;
  for (const z of logits) sum += Math.exp(z - top);
  const logSum = top + Math.log(sum);
  return logits.map((z) => z - logSum);
}

/** The best `most` ways to go on from the kept texts, best first: of equal ones that of the better text, then the lower id. */
function waysOn(kept, logs, penalty, most) {
  const best = [];
  const offer = (parent, id, score, power) => {
    const ranked = score / power;
    // Texts and ids come in their order, so whoever comes later does not pass an equal one.
    let at = best.length;
    while (at && best[at - 1].ranked < ranked) at -= 1;
    if (at === most || score === -Infinity) return;
    best.splice(at, 0, grown(parent, id, score, ranked));
    best.length = Math.min(best.length, most);
  };
  for (const parent of kept) {
    // An ended text stays as it is, at no cost.
    if (parent.ended) offer(parent, parent.id, parent.score, parent.ids.length ** penalty);
    else {
      const power = (parent.ids.length + 1) ** penalty;
      logs(parent.ids).forEach((log, id) => offer(parent, id, parent.score + log, power));
    }
  }
  return best;
}

const grown = (parent, id, score, ranked) => ({ parent, id, score, ranked, ids: parent.ended ? parent.ids : [...parent.ids, id], ended: id === STOP, greedy: false, kept: false, best: false });

/** The columns of the tree, each with `rows`, the first `beams` of them kept; `logs(ids)` reads a text. */
export function searchTree(logs, { beams, steps, penalty }) {
  const root = { ids: [], id: null, score: 0, ranked: 0, ended: false, parent: null, greedy: true, kept: true, best: true };
  const columns = [];
  let [kept, greedy] = [[root], root];
  while (columns.length < steps && !(columns.length && kept.every((node) => node.ended))) {
    const rows = waysOn(kept, logs, penalty, ROWS);
    rows.slice(0, beams).forEach((node) => { node.kept = true; });
    const [likeliest] = waysOn([greedy], logs, 0, 1);
    const same = rows.find((node) => String(node.ids) === String(likeliest.ids));
    if (!same) rows.push({ ...likeliest, ranked: likeliest.score / likeliest.ids.length ** penalty });
    greedy = same ?? rows[rows.length - 1];
    greedy.greedy = true;
    kept = rows.filter((node) => node.kept);
    columns.push(rows);
  }
  return { root, columns };
}

/** The kept texts of all columns, to compare two trees by. */
const keptOf = ({ columns }) => JSON.stringify(columns.map((rows) => rows.filter((node) => node.kept).map((node) => node.ids)));

function render({ model, el }) {
  const { labels } = model.get("_data");
  const t = translator(labels);
  const ui = stage(el, t("title"), CSS);
  const given = fromAddress("beam");
  const field = h("textarea", { rows: 3, spellcheck: false, autocapitalize: "off", autocomplete: "off", "aria-label": t("prompt") });
  const note = h("p", { className: "note soft" });
  const canvas = h("div", { className: "canvas", role: "group", "aria-label": t("tree") });
  const box = h("div", { className: "box" }, canvas);
  const reads = h("p", { className: "reads" });
  const results = h("div", { className: "results" });
  const verdict = h("p", { className: "verdict" });
  const hint = h("p", { className: "soft hint" });
  const position = h("span", { className: "position numbers" });
  let [live, session, prompt, read, tree, shown, chosen] = [null, null, [], new Map(), null, 0, null];

  const setting = () => Object.fromEntries(Object.keys(FIRST).map((name) => [name, model.get(name) ?? null]));
  const wordOf = (id) => (id === STOP ? t("end") : live.vocab[id]);
  const textOf = (node) => (node.ids.length ? written(node.ids.map(wordOf)) : t("root"));
  const nodes = () => (tree ? tree.columns.slice(0, shown) : []);
  const last = () => tree.columns[shown - 1];

  /** Log-probabilities of the next word behind the prompt and these words; each text is read once, after the shorter ones. */
  function logs(ids) {
    const key = String(ids);
    if (!read.has(key)) {
      let step = ids.length ? null : readIds(session, prompt, null);
      if (!step) {
        session.keep(prompt.length);
        ids.slice(0, -1).forEach((id, n) => session.recall(id, read.get(String(ids.slice(0, n + 1))).memory));
        step = session.push(ids[ids.length - 1]);
      }
      read.set(key, { logs: logSoftmax(step.logits), memory: step.memory });
    }
    return read.get(key).logs;
  }

  function update() {
    const text = model.get("text");
    if (field.value !== text) { field.value = text; field.scrollTop = field.scrollHeight; }
    for (const [name, one] of Object.entries(dials)) one.set(model.get(name));
    if (!live) return;
    const room = live.room - LONGEST;
    const reading = readWords(text, live);
    const found = [0, ...reading.tokens.slice(0, room).map((word) => live.ids.get(word))];
    if (String(found) !== String(prompt)) { prompt = found; read = new Map(); }
    const { beams, steps, length_penalty: penalty, step } = setting();
    tree = searchTree(logs, { beams, steps, penalty });
    shown = Math.min(step ?? steps, tree.columns.length);
    note.textContent = reading.unknown ? t("unknown", { word: reading.unknown, V: live.vocab.length - 1 }) : reading.more || reading.tokens.length > room ? t("long", { n: room }) : "";
    paintTree(beams, steps);
    paintResults({ beams, steps, penalty });
    position.textContent = t("step", { n: shown, of: tree.columns.length });
    allow(back, shown > 1);
    for (const one of [forward, whole]) allow(one, shown < tree.columns.length);
    foot.refresh();
    box.scrollLeft = ROOT + COLUMN * shown + 2 * MARGIN - box.clientWidth; // last: it makes the browser lay out all of it
  }

  function paintTree(beams, steps) {
    const focused = canvas.contains(canvas.getRootNode().activeElement);
    const y = (row) => TOP + row * ROW + (row >= beams ? GAP : 0);
    tree.root.place = { x: 0, y: TOP + ((beams - 1) * ROW) / 2, width: ROOT };
    for (const rows of nodes()) for (const node of rows) node.best = false;
    for (let node = last()[0]; node; node = node.parent) node.best = true;
    const [edges, buttons] = [[], [buttonOf(tree.root, 0)]];
    nodes().forEach((rows, n) => {
      buttons.push(h("span", { className: "number soft numbers", style: `left: ${ROOT + COLUMN * (n + 1) - WIDE}px; width: ${WIDE}px`, ariaHidden: "true" }, String(n + 1)));
      rows.forEach((node, row) => {
        node.place = { x: ROOT + COLUMN * (n + 1) - WIDE, y: y(row), width: WIDE };
        buttons.push(buttonOf(node, n + 1));
        edges.push(...edgesOf(node));
      });
    });
    const [width, height] = [ROOT + COLUMN * steps, TOP + GAP + ROW * (ROWS + 1)];
    const order = ["dropped", "kept", "best", "greedy"];
    const paths = edges.sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind)).map(({ kind, from, to }) => {
      const [x, v, X, Y] = [from.x + from.width, from.y + HIGH / 2, to.x, to.y + HIGH / 2];
      const middle = (x + X) / 2;
      return svgElement("path", { d: `M${x} ${v}C${middle} ${v} ${middle} ${Y} ${X} ${Y}`, class: kind });
    });
    canvas.style.width = `${width + MARGIN}px`;
    canvas.style.height = `${height}px`;
    canvas.replaceChildren(svgElement("svg", { width, height, "aria-hidden": "true" }, ...paths), ...buttons);
    choose(last()[0], focused);
  }

  function edgesOf(node) {
    const ends = { from: node.parent.place, to: node.place };
    const kinds = [node.best ? "best" : node.kept ? "kept" : node.greedy ? null : "dropped", node.greedy ? "greedy" : null];
    return kinds.filter(Boolean).map((kind) => ({ kind, ...ends }));
  }

  function buttonOf(node, n) {
    const { x, y, width } = node.place;
    const kinds = ["node", node.kept ? "kept" : "dropped", node.best ? "best" : "", node.greedy ? "greedy" : ""];
    node.button = h("button", { type: "button", tabIndex: -1, className: n ? kinds.filter(Boolean).join(" ") : "node root", style: `left: ${x}px; top: ${y}px; width: ${width}px`, onclick: () => choose(node, true), "aria-label": n ? sentenceOf(node) : t("root_name") },
      h("span", { className: "word" }, n ? wordOf(node.id) : t("root")), h("span", { className: "score numbers" }, n ? show(node.score, 2) : "0"));
    return node.button;
  }

  function sentenceOf(node) {
    const { beams, length_penalty: penalty } = setting();
    const column = tree.columns.find((rows) => rows.includes(node));
    let fate = node.kept ? t("fate_kept", { rank: column.indexOf(node) + 1, beams }) : t("fate_dropped");
    if (node.greedy) fate = t("is_greedy", { fate });
    if (penalty) fate = t("divided", { fate, n: node.ids.length, penalty, ranked: show(node.ranked, 2) });
    return t("node", { text: textOf(node), score: show(node.score, 2), fate });
  }

  function choose(node, focus) {
    chosen?.button.setAttribute("tabindex", -1);
    chosen?.button.removeAttribute("aria-current");
    chosen = node;
    node.button.tabIndex = 0;
    node.button.setAttribute("aria-current", "true");
    reads.textContent = node.parent ? sentenceOf(node) : t("root_name");
    if (focus) node.button.focus();
  }

  function paintResults({ beams, steps, penalty }) {
    const best = last()[0];
    const greedy = last().find((node) => node.greedy);
    const second = (text) => (penalty ? [h("span", { className: "numbers soft" }, text)] : []);
    const line = (name, node) => [
      h("span", { className: `name ${name}` }, t(name)), h("span", { className: "text", lang: "en" }, textOf(node)),
      h("span", { className: "numbers" }, show(node.score, 2)), ...second(show(node.ranked, 2)),
    ];
    results.classList.toggle("ranked", penalty > 0);
    results.replaceChildren(
      h("span", { className: "soft after" }, t("found", { n: shown })), h("span", { className: "soft numbers" }, t("score")), ...second(t("ranked")),
      ...line("best", best), ...line("greedy", greedy));
    const ratio = Math.exp(Math.abs(best.score - greedy.score));
    verdict.textContent = best === greedy ? t("same") : t(best.score > greedy.score ? "better" : "worse", { times: show(ratio, 2) });
    const same = penalty > 0 && keptOf(tree) === keptOf(searchTree(logs, { beams, steps, penalty: 0 }));
    const over = last().filter((node) => node.kept).every((node) => node.ended);
    hint.textContent = over ? t("all_ended") : same ? t("no_effect") : "";
    ui.say(t("live", { n: shown, text: textOf(best), score: show(best.score, 2), greedy: textOf(greedy), other: show(greedy.score, 2) }));
  }

  /** Where an arrow leads: another row, the parent, or the best way on that is shown. */
  function neighbour(event) {
    const n = nodes().findIndex((rows) => rows.includes(chosen)) + 1;
    const after = n < shown ? nodes()[n].find((node) => node.parent === chosen) : null;
    if (event.ctrlKey || event.metaKey || event.altKey) return null;
    if (event.key === "ArrowLeft") return chosen.parent ?? chosen;
    if (event.key === "ArrowRight") return after ?? chosen;
    const rows = n ? nodes()[n - 1] : [tree.root];
    const to = arrowed(event, rows.indexOf(chosen), rows.length);
    return to === null ? null : rows[to];
  }
  canvas.onkeydown = (event) => {
    const to = tree && neighbour(event);
    if (!to) return;
    event.preventDefault();
    choose(to, true);
  };

  const goTo = (n) => { if (live) change(model, { step: n >= tree.columns.length ? null : Math.max(1, n) }); };
  const button = (key, onclick) => pressable(t(key), onclick);
  const back = button("back", () => goTo(shown - 1));
  const forward = button("forward", () => goTo(shown + 1));
  const whole = button("whole", () => goTo(LONGEST));
  const setter = (name) => (value) => change(model, { [name]: value });
  const dials = {
    beams: dial({ name: t("beams"), stops: countTo(WIDEST), step: 1, onChange: setter("beams") }),
    steps: dial({ name: t("steps"), stops: countTo(LONGEST), step: 1, onChange: setter("steps") }),
    length_penalty: dial({ name: t("length_penalty"), stops: PENALTIES, step: "any", onChange: setter("length_penalty") }),
  };
  const table = () => {
    const { length_penalty: penalty } = setting();
    const fate = (node) => { const told = t(node.kept ? "kept" : "dropped"); return node.greedy ? t("is_greedy", { fate: told }) : told; };
    return [[t("column_text"), t("column_step"), t("score"), ...(penalty ? [t("ranked")] : []), t("column_fate")],
      nodes().flatMap((rows, n) => rows.map((node) => [textOf(node), String(n + 1), show(node.score, 4), ...(penalty ? [show(node.ranked, 4)] : []), fate(node)]))];
  };
  const call = () => `BeamTree(${[python(model.get("text").trim()), ...Object.entries(setting()).filter(([name, value]) => value !== FIRST[name]).map(([name, value]) => `${name}=${python(value)}`)].join(", ")})`;
  const foot = below({ t, kind: "beam", call, numbers: table, state: () => ({ text: model.get("text"), ...setting() }) });
  const legend = h("p", { className: "legend soft", ariaHidden: "true" }, ...["kept", "dropped", "best_path", "greedy_path"].map((key) => h("span", { className: "key" }, h("span", { className: `swatch ${key}` }), t(key))), h("span", {}, t("below")));

  field.oninput = () => change(model, { text: field.value, step: null });
  ui.card.append(
    h("label", { className: "prompt" }, h("span", { className: "heading" }, t("prompt")), field), note,
    h("div", { className: "dials" }, ...Object.values(dials).map((d) => d.el)),
    h("div", { className: "row buttons" }, back, forward, whole, position),
    legend, box, reads, results, verdict, hint, foot.el);

  const quiet = listen(model, ["text", ...Object.keys(FIRST)], update);
  const isWhole = (value, most) => Number.isInteger(value) && value >= 1 && value <= most;
  const wanted = {};
  if (typeof given.text === "string") wanted.text = given.text.slice(0, 4000);
  if (isWhole(given.beams, WIDEST)) wanted.beams = given.beams;
  if (isWhole(given.steps, LONGEST)) wanted.steps = given.steps;
  if (isWhole(given.step, LONGEST)) wanted.step = given.step;
  if (typeof given.length_penalty === "number" && given.length_penalty >= 0 && given.length_penalty <= STRONGEST) wanted.length_penalty = given.length_penalty;
  change(model, wanted);
  update();
  note.textContent = t("loading");
  liveModel(model, el).then((found) => { live = found; session = live.gpt.session(); update(); ui.card.dataset.live = ""; }, () => { note.textContent = t("no_model"); });
  return () => { quiet(); ui.done(); };
}

export default { render };
