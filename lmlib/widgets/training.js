// The book's GPT, trained in the page: from random weights, on stories drawn from the grammar, in a worker; and a stored
// run beside it. Both are records that one slider goes through.

/** A number from the normal distribution, by Box and Muller. */
const normal = (random) => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** Names and sizes of all parameters, in the order in which lmlib.transformer has them. */
export function parameterSizes({ vocab_size: V, block_size: T, d_model: C, n_layer: L }) {
  const linear = (name, out, inner) => [[`${name}.weight`, out * inner], [`${name}.bias`, out]];
  const norm = (name) => [[`${name}.weight`, C], [`${name}.bias`, C]];
  const block = (l) => [...norm(`blocks.${l}.norm_1`), ...linear(`blocks.${l}.attention.qkv`, 3 * C, C), ...linear(`blocks.${l}.attention.output`, C, C), ...norm(`blocks.${l}.norm_2`), ...linear(`blocks.${l}.feed_forward.up`, 4 * C, C), ...linear(`blocks.${l}.feed_forward.down`, C, 4 * C)];
  return [["embed.weight", V * C], ["position.weight", T * C], ...Array.from({ length: L }, (_, l) => block(l)).flat(), ...norm("norm")];
}

/** Random weights as lmlib.blocks.draw_weights draws them: other numbers, the same spread. */
export function drawWeights(config, random) {
  const std = 1 / Math.sqrt(config.d_model);
  const small = std / Math.sqrt(2 * config.n_layer);
  const parts = parameterSizes(config).map(([name, size]) => {
    if (name.endsWith("bias")) return new Float32Array(size);
    if (/norm(_\d)?\.weight$/.test(name)) return new Float32Array(size).fill(1);
    const spread = /(output|down)\.weight$/.test(name) ? small : std;
    return Float32Array.from({ length: size }, () => spread * normal(random));
  });
  const all = new Float32Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) { all.set(part, at); at += part.length; }
  return all;
}

/** Up in a straight line, then down along a cosine: lmlib.optimisation.learning_rate. */
export function rateAt(step, { steps, learning_rate, warmup }) {
  if (step < warmup) return (learning_rate * (step + 1)) / warmup;
  return (learning_rate * (1 + Math.cos((Math.PI * (step - warmup)) / Math.max(1, steps - warmup)))) / 2;
}

/** Texts of ids, each from its first token on, as inputs and targets with a mark that does not count behind shorter ones. */
export function batchOf(texts) {
  const T = Math.max(...texts.map((ids) => ids.length)) - 1;
  const [tokens, targets] = [new Int32Array(texts.length * T), new Int32Array(texts.length * T).fill(-100)];
  texts.forEach((ids, row) => {
    tokens.set(ids.slice(0, -1), row * T);
    targets.set(ids.slice(1), row * T);
  });
  return { tokens, targets, B: texts.length, T };
}

/** A worker as functions that promise its answer; `stop` ends it. */
function makeWorker(source) {
  const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new Worker(address);
  const waiting = new Map();
  let next = 0;
  worker.onerror = ({ message }) => { for (const [, reject] of waiting.values()) reject(new Error(message)); };
  worker.onmessage = ({ data: { id, error, ...answer } }) => {
    const [resolve, reject] = waiting.get(id);
    waiting.delete(id);
    if (error) reject(new Error(error));
    else resolve(answer);
  };
  const ask = (task, given) => new Promise((resolve, reject) => {
    waiting.set(next, [resolve, reject]);
    worker.postMessage({ task, id: next, ...given });
    next += 1;
  });
  return { ask, stop: () => { worker.terminate(); URL.revokeObjectURL(address); } };
}

/** A run from random weights: `advance()` makes one step, `record()` says where it stands. */
export async function startRun({ code, config, plan, tests, grammar, ids, seed, source }) {
  const random = mulberry32(seed);
  const worker = makeWorker(source);
  const held = batchOf(tests.map(({ ids: text }) => text));
  const looks = tests.map(({ looks: [place, earlier] }, row) => [row, place, earlier]);
  await worker.ask("start", { code, config, rows: Math.max(plan.batch_size, tests.length), weights: drawWeights(config, random) });
  let [done, last] = [0, Promise.resolve()];
  // One thing after the other, however fast a reader pauses and goes on.
  const inTurn = (task) => () => (last = last.then(task));

  async function advance() {
    const texts = Array.from({ length: plan.batch_size }, () => [0, ...grammar.draw(random).words.map((word) => ids.get(word)), 0]);
    const { loss } = await worker.ask("step", { ...batchOf(texts), t: done + 1, rate: rateAt(done, plan), clip: plan.clip });
    done += 1;
    return loss;
  }

  async function record() {
    const [{ loss, best, seen }, { text }] = [await worker.ask("read", { ...held, looks }), await worker.ask("write", { ids: [0], longest: plan.longest, end: 0 })];
    let [fitting, places] = [0, 0];
    tests.forEach(({ may }, row) => may.forEach((allowed, place) => {
      places += 1;
      fitting += allowed.includes(best[row * held.T + place]);
    }));
    const heads = seen[0].weights.map((_, i) => seen.reduce((sum, { weights }) => sum + weights[i] / seen.length, 0));
    const head = heads.indexOf(Math.max(...heads));
    return { step: done, loss, fitting: fitting / places, copied: seen.reduce((sum, { p }) => sum + p / seen.length, 0), looking: heads[head], head: [Math.floor(head / config.n_head), head % config.n_head], text: text.slice(1) };
  }

  return { advance: inTurn(advance), record: inTurn(record), stop: worker.stop, done: () => done };
}

const line = (className) => svgElement("polyline", { class: className, "vector-effect": "non-scaling-stroke" });
const SHARES = ["fitting", "copied", "looking"];
const TIMES = [1, 1.5, 3, 10];

function render({ model, el }) {
  const { labels, config, vocab, grammar: rules, tests, floor, plan, records: stored } = model.get("_data");
  const t = translator(labels);
  const ui = stage(el, t("title"), CSS);
  const grammar = makeGrammar(rules);
  const ids = new Map(vocab.map((word, id) => [word, id]));
  let [run, starting, records, live, code, spent, busy] = [null, null, stored, false, null, 0, null];
  const times = ({ loss }) => loss / floor;

  // What may stand at each place of the test stories: the walk is long, so it is made once, before the first run.
  const withTables = () => tests.map((test) => {
    const words = test.ids.slice(1, -1).map((id) => vocab[id]);
    return { ...test, may: Array.from({ length: words.length + 1 }, (_, i) => [...grammar.follow(words.slice(0, i)).table.keys()].map((word) => ids.get(word === "<end>" ? vocab[0] : word))) };
  });

  const start = h("button", { type: "button", className: "go", onclick: () => (busy ? pause() : go()), disabled: true });
  const again = pressable(t("again"), reset);
  const seed = seedField(model, t);
  const note = h("p", { className: "soft note" });

  const plot = (bottom, top, ticks) => {
    const area = svgElement("svg", { viewBox: "0 0 100 100", preserveAspectRatio: "none", "aria-hidden": "true" });
    const cursor = svgElement("line", { class: "cursor", y1: 0, y2: 100, "vector-effect": "non-scaling-stroke" });
    area.append(cursor);
    const place = (y) => 100 - (100 * (y - bottom)) / (top - bottom);
    const scale = h("div", { className: "ticks soft numbers", "aria-hidden": "true" }, ...ticks.map(([y, text]) => {
      const tick = h("span", {}, text);
      tick.style.top = `${place(y)}%`;
      area.append(svgElement("line", { class: text === "1" && bottom < 0 ? "floor" : "grid", x1: 0, x2: 100, y1: place(y), y2: place(y), "vector-effect": "non-scaling-stroke" }));
      return tick;
    }));
    return { box: h("div", { className: "plot" }, scale, h("div", { className: "area" }, area)), area, cursor, place };
  };
  const log = Math.log;
  const above = plot(log(0.92), log(14), TIMES.map((x) => [log(x), String(x)]));
  const below_ = plot(0, 1, [0, 0.5, 1].map((x) => [x, String(x)]));
  const lossOf = { stored: line("stored"), live: line("live") };
  above.area.append(lossOf.stored, lossOf.live);
  const shareOf = Object.fromEntries(SHARES.map((name) => [name, line(name)]));
  below_.area.append(...Object.values(shareOf));
  const draw = (node, list, y) => node.setAttribute("points", list.map((record) => `${(100 * record.step) / plan.steps},${y(record)}`).join(" "));
  const drawLoss = (node, list) => draw(node, list, (record) => above.place(log(times(record))));

  const range = h("input", { type: "range", min: 0, max: plan.steps / plan.every, "aria-label": t("record") });
  range.oninput = () => {
    const wanted = Math.min(Number(range.value), records.length - 1);
    change(model, { shown: wanted === records.length - 1 ? null : wanted });
    update(); // a slider beyond the last record goes back to it
  };
  const ends = h("div", { className: "ends soft numbers", "aria-hidden": "true" }, h("span", {}, "0"), h("span", {}, t("steps")), h("span", {}, String(plan.steps)));
  const at = h("p", { className: "numbers at" });
  const values = Object.fromEntries(SHARES.map((name) => [name, h("b", { className: "numbers" })]));
  const which = h("span", { className: "soft numbers" });
  const key = (className, ...inside) => h("span", { className: "key" }, h("span", { className: `sign ${className}` }), ...inside);
  const text = h("p", { className: "text" });
  const fits = h("p", { className: "soft fits" });

  /** The record that is shown, though a link asks for one that this run does not have yet. */
  const shown = () => Math.min(records.length - 1, model.get("shown") ?? Infinity);

  function update() {
    const index = shown();
    const record = records[index];
    range.value = index;
    range.setAttribute("aria-valuetext", `${record.step}`);
    seed.set();
    for (const { cursor } of [above, below_]) for (const end of ["x1", "x2"]) cursor.setAttribute(end, (100 * record.step) / plan.steps);
    drawLoss(lossOf.stored, stored);
    drawLoss(lossOf.live, live ? records : []);
    for (const name of SHARES) {
      draw(shareOf[name], records, (one) => below_.place(one[name]));
      values[name].textContent = record[name].toFixed(2);
    }
    which.textContent = `(${t("head", { head: record.head.join(".") })})`;
    at.textContent = t("at", { step: record.step, loss: record.loss.toFixed(3), times: times(record).toFixed(2) });
    const words = record.text.map((id) => vocab[id]);
    const { at: wrong } = grammar.follow(words);
    text.replaceChildren(...words.flatMap((word, i) => [h("span", { className: wrong === null || i < wrong ? "" : i === wrong ? "wrong" : "after" }, word), " "]));
    fits.textContent = wrong === null ? t("fits") : t("wrong", { word: words[wrong] });
    start.textContent = busy ? t("pause") : run && run.done() > 0 && run.done() < plan.steps ? t("go_on") : t("start");
    allow(again, live);
    foot.refresh();
  }
  // Each step is written, and every hundredth spoken.
  const tell = (said, aloud = true) => {
    note.textContent = said;
    if (aloud) ui.say(said);
  };

  /** A new run, where its random weights stand. */
  async function begin() {
    const made = await startRun({ code, config, plan, tests: withTables(), grammar, ids, seed: model.get("seed"), source: WORKER });
    [run, records, live, spent] = [made, [await made.record()], true, 0];
    change(model, { shown: null });
    update();
  }

  async function go() {
    if (run && run.done() >= plan.steps) reset();
    const going = {};
    busy = going;
    update();
    try {
      if (!run) await (starting ??= begin().finally(() => { starting = null; }));
      const due = () => run.done() % plan.every === 0 && records.at(-1).step < run.done();
      while (busy === going && (run.done() < plan.steps || due())) {
        const before = performance.now();
        if (due()) { records = [...records, await run.record()]; update(); }
        else await run.advance();
        if (busy !== going) return;
        spent += (performance.now() - before) / 1000;
        tell(t("running", { step: run.done(), steps: plan.steps, seconds: spent.toFixed(0) }), run.done() % 100 === 0);
      }
    } catch (error) {
      busy = null;
      tell(t("no_training", { reason: error.message }));
      update();
    }
    if (busy !== going) return;
    busy = null;
    tell(t("done", { steps: plan.steps, seconds: spent.toFixed(0), times: times(records.at(-1)).toFixed(2) }));
    update();
  }

  function pause() {
    busy = null;
    tell(t("paused", { step: run ? run.done() : 0, steps: plan.steps }));
    update();
  }

  /** Back to the stored run, and nothing of the reader's own is left. */
  function reset() {
    if (run) run.stop();
    [run, records, live, busy, spent] = [null, stored, false, null, 0];
    tell(t("stored_here"));
    change(model, { shown: null });
    update();
  }

  const state = () => ({ shown: model.get("shown"), seed: model.get("seed") });
  const call = () => `TrainingRun(${Object.entries(live ? { seed: model.get("seed") } : state()).map(([name, value]) => `${name}=${python(value)}`).join(", ")})`;
  const rows = () => records.map((one) => [String(one.step), one.loss.toFixed(4), times(one).toFixed(3), ...SHARES.map((name) => one[name].toFixed(3)), one.head.join(".")]);
  const foot = below({ t, kind: "training", call, numbers: () => [["step", "loss", "times", ...SHARES, "head"].map((name) => t(`column_${name}`)), rows()], state });

  // On a phone its seven columns are scrolled.
  const whole = foot.el.querySelector(".whole");
  for (const [name, value] of Object.entries({ tabindex: 0, role: "group", "aria-label": t("title") })) whole.setAttribute(name, value);

  ui.card.append(
    h("div", { className: "row" }, start, again, h("label", { className: "field" }, t("seed"), seed.field)), note,
    h("p", { className: "heading" }, t("loss")), above.box,
    h("div", { className: "row keys" }, key("live", t("live_run")), key("stored", t("stored")), key("floor", t("floor"))),
    h("p", { className: "heading" }, t("shares")), below_.box,
    h("div", { className: "scrub" }, range, ends), at,
    h("div", { className: "row keys" }, ...SHARES.map((name) => key(name, h("span", {}, t(name), " ", values[name], name === "looking" ? " " : "", name === "looking" ? which : "")))),
    h("p", { className: "heading" }, t("writes")), text, fits, foot.el);

  const quiet = listen(model, ["shown", "seed"], () => {
    update();
    if (!busy) ui.say(`${at.textContent} ${fits.textContent}`);
  });
  const given = fromAddress("training");
  const upTo = (value, most) => Number.isInteger(value) && value >= 0 && value <= most;
  const taken = {};
  if (upTo(given.shown, stored.length - 1)) taken.shown = given.shown;
  if (upTo(given.seed, 2 ** 32 - 1)) taken.seed = given.seed;
  if (Object.keys(taken).length) change(model, taken);
  update();
  tell(t("loading"), false);
  provided(model, el, "train.js").then((packed) => {
    code = bytesOf(packed);
    start.disabled = false;
    tell(t("stored_here"), false);
    ui.card.dataset.live = "";
  }, (error) => tell(t("no_training", { reason: error.message })));
  return () => { busy = null; (starting ?? Promise.resolve()).then(() => run?.stop(), () => {}); quiet(); ui.done(); };
}

export default { render };
