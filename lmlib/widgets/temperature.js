// The temperature scrubber: bars over the whole vocabulary, one word's own numbers, and a sampler.

const TRAITS = ["context", "temperature", "top_k", "top_p", "seed"];
const steps = (low, high, step) => Array.from({ length: Math.round((high - low) / step) }, (_, i) => Number((low + i * step).toFixed(3)));
// About as many stops for every doubling, and 1 among them.
const TEMPERATURES = [...steps(0.05, 0.2, 0.005), ...steps(0.2, 0.5, 0.01), ...steps(0.5, 1, 0.02), ...steps(1, 2, 0.05), ...steps(2, 5, 0.1), 5];
const PORTIONS = [...steps(0.05, 1, 0.05).filter((p) => p < 0.95), ...steps(0.95, 1, 0.01), 1];
const counts = (V) => [...steps(1, 20, 1), 20, 25, 30, 40, 50, 75, 100, 150, 200, 300, 500, 1000, 2000, 5000, 10000, 20000].filter((k) => k < V).concat(V);

// One line and no fraction: inside the large fraction a second one is too small to read.
const T = '<mi class="hot">τ</mi>';
const over = (index) => `<mrow><msub><mi>s</mi><mi>${index}</mi></msub><mo>/</mo>${T}</mrow>`;
const exp = (index, less = "") => `<mi>exp</mi><mo stretchy="false">(</mo>${over(index)}${less}<mo stretchy="false">)</mo>`;
const sum = (less) => `<munder><mo>∑</mo><mi>j</mi></munder>${exp("j", less)}`;
const M = "<mo>−</mo><mi>m</mi>";
const P = "<msub><mi>p</mi><mi>i</mi></msub>";
const math = (inside, block) => h("span", { innerHTML: `<math${block ? ' display="block"' : ""}>${inside}</math>` }).firstChild;
const FORMULA = () => math(`${P}<mo>=</mo><mfrac><mrow>${exp("i")}</mrow><mrow>${sum("")}</mrow></mfrac>`, true);

/** Everything the page shows for one setting, computed once. */
function compute(logits, order, setting) {
  const T = setting.temperature;
  const before = softmax(logits, T);
  const probs = nextProbs(logits, setting, order);
  const m = logits[order[0]] / T;
  const all = logits.reduce((total, z) => total + Math.exp(z / T - m), 0);
  const kept = before.reduce((total, p, i) => total + (probs[i] > 0 ? p : 0), 0);
  return { before, probs, m, all, kept, nats: entropy(probs) };
}

/** One row: name, bar with the share drawn, probability, count. */
function bar(name, props) {
  const [before, fill, band, share] = ["before", "fill", "band", "share"].map((className) => h("div", { className }));
  const [prob, drawn] = [h("span", { className: "numbers prob" }), h("span", { className: "numbers soft drawn" })];
  const row = h("div", props, h("span", { title: name }, name), h("div", { className: "track" }, before, fill, band, share), prob, drawn);
  const percent = (x) => `${100 * Math.min(1, Math.max(0, x))}%`;
  const paint = ({ p, p0, cut, n, N, end, t }) => {
    row.classList.toggle("cut", cut);
    row.classList.toggle("over", Math.max(p, N && !cut ? n / N : 0) > end * (1 + 1e-9));
    before.style.width = p0 > p ? percent(p0 / end) : 0;
    fill.style.transform = `scaleX(${Math.min(1, p / end)})`;
    prob.textContent = cut ? t("cut") : show(p);
    const spread = 2 * Math.sqrt((p * (1 - p)) / N);
    band.hidden = share.hidden = !N || cut;
    if (N) {
      band.style.left = percent((p - spread) / end);
      band.style.width = percent((Math.min(1, p + spread) - Math.max(0, p - spread)) / end);
      share.style.left = percent(n / N / end);
    }
    drawn.textContent = N ? `${n} · ${(n / N).toFixed(3)}` : "";
    return Math.abs(n / N - p) <= spread + 1e-12;
  };
  return { row, paint };
}

function render({ model, el }) {
  const { V, vocab: few, contexts, names, named, labels } = model.get("_data");
  const t = translator(labels);
  const ui = stage(el, t("title"), CSS);
  let vocab, logits, order, bars, rest, now;
  let chosen = 0; // place of the selected word in the ranking
  let drawn = { N: 0, counts: new Map(), newest: [] };
  let draw = null;

  const select = h("select", { onchange: () => change(model, { context: select.value }) }, ...names.map(([name, shown]) => h("option", { value: name }, shown)));
  const setter = (trait) => (value) => change(model, { [trait]: value });
  const dials = {
    temperature: dial({ name: t("temperature"), stops: TEMPERATURES, step: "any", ends: [t("sharper"), t("flatter")], onChange: setter("temperature") }),
    top_k: dial({ name: t("top_k"), stops: counts(V), step: 1, off: t("off"), onChange: setter("top_k") }),
    top_p: dial({ name: t("top_p"), stops: PORTIONS, step: "any", off: t("off"), onChange: setter("top_p") }),
  };
  const seed = h("input", { type: "number", step: 1, min: 0, max: 4294967295, onchange: () => change(model, { seed: Math.min(4294967295, Math.max(0, Math.round(seed.value) || 0)) }) });
  const list = h("div", { className: "rows", role: "listbox", "aria-label": t("words") });
  const restBox = h("div");
  const axis = h("div", { className: "axis soft numbers" });
  const head = h("div", { className: "word top soft" }, h("span", {}, t("word")), h("span"), h("span", {}, t("probability")), h("span", {}, t("drawn")));
  const zoom = h("input", { type: "checkbox", onchange: () => paint() });
  const openness = h("p", { className: "open numbers" });
  const chain = h("dl", { className: "chain numbers" });
  const chosenName = h("p", { className: "heading" });
  const newest = h("p", { className: "newest" });
  const tally = h("p", { className: "numbers" });
  const formula = h("div", { className: "formula" }, FORMULA());

  /** New context: new rows, in the order of the logits, which no temperature can change. */
  function arrange() {
    const context = contexts[model.get("context")];
    logits = unpacked(context);
    vocab = context.words ? Array.from(logits, (_, i) => context.words[i] ?? t("unnamed")) : few;
    order = ranking(logits);
    const shown = order.slice(0, named).filter((i) => logits[i] > -Infinity);
    bars = shown.map((id, place) => bar(vocab[id], { className: "word", role: "option", onclick: () => choose(place, true) }));
    rest = V > shown.length ? bar(t("others", { n: V - shown.length }), { className: "word rest" }) : null;
    list.replaceChildren(...bars.map((b) => b.row));
    restBox.replaceChildren(...(rest ? [rest.row] : []));
    chosen = 0;
  }

  function choose(place, focus) {
    chosen = place;
    bars.forEach(({ row }, i) => { row.tabIndex = i === place ? 0 : -1; row.ariaSelected = i === place; });
    if (focus) bars[place].row.focus();
    explain();
  }

  /** The selected word's own way from logit to probability. */
  function explain() {
    const id = order[chosen];
    const e = Math.exp(logits[id] / model.get("temperature") - now.m);
    const share = (part, all, value) => [`${show(part)} / ${show(all)} = `, h("b", {}, show(value))];
    const lines = [
      [math("<msub><mi>s</mi><mi>i</mi></msub>"), show(logits[id])],
      [math(over("i")), show(logits[id] / model.get("temperature"))],
      [math(exp("i", M)), show(e)],
      [math(sum(M)), show(now.all)],
      [math(P), ...share(e, now.all, now.before[id])],
    ];
    if (now.kept < 1 - 1e-12) lines.push([t("after_filter"), ...(now.probs[id] > 0 ? share(now.before[id], now.kept, now.probs[id]) : [t("cut")])]);
    chain.replaceChildren(...lines.flatMap(([term, ...value]) => [h("dt", {}, term), h("dd", {}, ...value)]));
    chosenName.textContent = t("numbers_of", { word: vocab[id] });
  }

  function paint() {
    const { N } = drawn;
    const end = zoom.checked ? Math.max(...order.slice(0, bars.length).map((i) => Math.max(now.probs[i], now.before[i]))) : 1;
    const tell = { N, end, t };
    let [p, p0, n, inside] = [1, 1, N, 0];
    bars.forEach(({ row, paint }, place) => {
      const id = order[place];
      const word = { p: now.probs[id], p0: now.before[id], n: drawn.counts.get(id) || 0 };
      const cut = word.p === 0 && word.p0 > 0;
      inside += paint({ ...word, cut, ...tell });
      row.ariaLabel = t("row", { word: vocab[id], p: cut ? t("cut") : show(word.p) }) + (N ? t("row_drawn", { n: word.n, N }) : "");
      p -= word.p; p0 -= word.p0; n -= word.n;
    });
    if (rest) {
      const others = order.slice(bars.length);
      const sumOf = (probs) => others.reduce((total, i) => total + probs[i], 0);
      [p, p0] = [sumOf(now.probs), sumOf(now.before)];
      inside += rest.paint({ p, p0, cut: p === 0 && p0 > 0, n, ...tell });
    }
    axis.replaceChildren(...[0, 0.5, 1].map((x) => h("span", {}, String(Number((x * end).toPrecision(2))))));
    newest.textContent = drawn.newest.length ? t("newest", { words: drawn.newest.join(" · ") }) : "";
    tally.textContent = N ? t("tally", { N, inside, rows: bars.length + (rest ? 1 : 0) }) : t("tally_none");
  }

  /** Anything that changes the distribution: compute, begin the draws again, show. */
  function update() {
    const setting = Object.fromEntries(TRAITS.map((name) => [name, model.get(name)]));
    select.value = setting.context;
    for (const name of Object.keys(dials)) dials[name].set(setting[name] ?? null);
    if (seed.getRootNode().activeElement !== seed) seed.value = setting.seed;
    now = compute(logits, order, setting);
    const values = { nats: show(now.nats), bits: show(now.nats / Math.LN2), n: Math.exp(now.nats).toFixed(2) };
    openness.replaceChildren(...t("entropy", values).split(/<b>(.*?)<\/b>/).map((part, i) => (i % 2 ? h("b", {}, part) : part))); // all else in a label is text
    reset();
    explain();
    const best = order[0];
    ui.say(t("live", { T: setting.temperature, word: vocab[best], p: show(now.probs[best]), ...values }));
  }

  function reset() {
    drawn = { N: 0, counts: new Map(), newest: [] };
    draw = null;
    paint();
  }

  function drawMore(n) {
    draw ??= sampler(now.probs, model.get("seed"));
    for (let i = 0; i < n; i += 1) {
      const id = draw();
      drawn.counts.set(id, (drawn.counts.get(id) || 0) + 1);
      if (i >= n - 10) drawn.newest = [...drawn.newest, vocab[id]].slice(-10);
    }
    drawn.N += n;
    paint();
    const best = order[0];
    ui.say(t("live_drawn", { N: drawn.N, word: vocab[best], n: drawn.counts.get(best) || 0, expected: (drawn.N * now.probs[best]).toFixed(1) }));
  }

  list.onkeydown = (event) => {
    const place = arrowed(event, chosen, bars.length);
    if (place !== null) choose(place, true);
  };
  const legend = (className, text) => h("span", { className: "soft" }, h("span", { className: "key" }, h("span", { className })), text);
  // The buttons stand under the slider and above the bars: who draws and turns it sees both at work.
  ui.card.append(
    h("label", { className: "field" }, t("context"), select),
    h("div", { className: "dials" }, ...Object.values(dials).map((d) => d.el)),
    h("div", { className: "sampler" },
      h("div", { className: "row" }, h("span", { className: "heading" }, t("draw")), ...[1, 10, 100, 1000].map((n) => h("button", { type: "button", onclick: () => drawMore(n), "aria-label": `${t("draw")} ${n}` }, `+${n}`)),
        h("button", { type: "button", onclick: reset }, t("reset")), h("label", { className: "field" }, t("seed"), seed)),
      tally, newest),
    h("div", { className: "meta" }, openness, formula),
    head, list, restBox, h("div", { className: "word foot" }, h("span"), axis),
    h("div", { className: "row below" }, h("label", { className: "tick soft" }, zoom, t("zoom")), legend("fill", t("probability")), legend("share", t("key_share")), legend("band", t("key_band"))),
    chosenName, h("div", { className: "two" }, chain, h("div", {}, h("p", { className: "soft" }, t("shift")), h("p", { className: "soft" }, t("limit")))));

  arrange();
  now = null;
  update();
  choose(0);
  const quiet = [listen(model, TRAITS.slice(1), update), listen(model, ["context"], () => { arrange(); update(); choose(0); })];
  return () => { quiet.forEach((stop) => stop()); ui.done(); };
}

export default { render };
