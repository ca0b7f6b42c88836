// The temperature scrubber: bars over the whole vocabulary at one temperature or two, one word's own numbers, and a
// sampler whose words become sentences.

const TRAITS = ["context", "temperature", "other", "top_k", "top_p", "seed"];
const SENTENCES = 5;
// Where a bar may end: a scale that follows every step of the slider would hide what the slider does.
const ENDS = [0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.2, 0.3, 0.5, 0.7, 1];
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

/** Everything the page shows for one setting, computed once; `second` at the other temperature, where there is one. */
function compute(logits, order, setting) {
  const { temperature: T, other } = setting;
  const before = softmax(logits, T);
  const probs = nextProbs(logits, setting, order);
  const m = logits[order[0]] / T;
  const all = logits.reduce((total, z) => total + Math.exp(z / T - m), 0);
  const kept = before.reduce((total, p, i) => total + (probs[i] > 0 ? p : 0), 0);
  const second = other === null ? null : nextProbs(logits, { ...setting, temperature: other }, order);
  return { before, probs, m, all, kept, nats: entropy(probs), second };
}

/** One row: name, bar with the share drawn, probability (at both temperatures), count. */
function bar(name, props) {
  const [before, fill, second, ghost, band, share] = ["before", "fill", "second", "ghost", "band", "share"].map((className) => h("div", { className }));
  const [prob, prob2, drawn] = ["numbers prob", "numbers prob2", "numbers soft drawn"].map((className) => h("span", { className }));
  const row = h("div", props, h("span", { title: name }, name), h("div", { className: "track" }, before, fill, second, ghost, band, share), prob, prob2, drawn);
  const percent = (x) => `${100 * Math.min(1, Math.max(0, x))}%`;
  /** `p` is shown, `p0` is before the filters, `p1` at τ = 1 without any, `p2` at the second temperature. */
  const paint = ({ p, p0, p1, p2, cut, n, N, end, t }) => {
    row.classList.toggle("cut", cut);
    row.classList.toggle("over", Math.max(p, p2 ?? 0, N && !cut ? n / N : 0) > end * (1 + 1e-9));
    before.style.width = p0 > p ? percent(p0 / end) : 0;
    fill.style.transform = `scaleX(${Math.min(1, p / end)})`;
    second.style.transform = `scaleX(${Math.min(1, (p2 ?? 0) / end)})`;
    ghost.style.width = percent(p1 / end);
    ghost.hidden = p1 > end || Math.abs(p1 - p) < 1e-9;
    prob.textContent = cut ? t("cut") : show(p);
    prob2.textContent = p2 === null ? "" : p2 === 0 ? t("cut") : show(p2);
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
  const given = fromAddress("temperature");
  let vocab, logits, order, plain, bars, rest, now;
  let chosen = 0; // place of the selected word in the ranking
  let drawn = { N: 0, counts: new Map() };
  let samplers = [];
  let listing = [];

  const select = h("select", { onchange: () => change(model, { context: select.value }) }, ...names.map(([name, shown]) => h("option", { value: name }, shown)));
  const setter = (trait) => (value) => change(model, { [trait]: value });
  const dials = {
    temperature: dial({ name: t("temperature"), stops: TEMPERATURES, step: "any", ends: [t("sharper"), t("flatter")], onChange: setter("temperature") }),
    other: dial({ name: t("other"), stops: TEMPERATURES, step: "any", onChange: setter("other") }),
    top_k: dial({ name: t("top_k"), stops: counts(V), step: 1, off: t("off"), onChange: setter("top_k") }),
    top_p: dial({ name: t("top_p"), stops: PORTIONS, step: "any", off: t("off"), onChange: setter("top_p") }),
  };
  const seed = seedField(model, t);
  const list = h("div", { className: "rows", role: "listbox", "aria-label": t("words") });
  const restBox = h("div");
  const axis = h("div", { className: "axis soft numbers" });
  const [told, told2] = [h("span", {}, t("probability")), h("span", { className: "prob2" })];
  const head = h("div", { className: "word top soft" }, h("span", {}, t("word")), h("span"), told, told2, h("span", {}, t("drawn")));
  const compare = h("input", { type: "checkbox", onchange: () => change(model, { other: compare.checked ? 1 : null }) });
  const whole = h("input", { type: "checkbox", onchange: () => paint() });
  const openness = h("p", { className: "open numbers" });
  const chain = h("dl", { className: "chain numbers" });
  const chosenName = h("p", { className: "heading" });
  // Two columns of sentences: what is drawn at one temperature, and at the other.
  const texts = [0, 1].map(() => ({ name: h("p", { className: "heading numbers" }), lines: h("ol") }));
  const written = h("div", { className: "texts" }, ...texts.map(({ name, lines }) => h("div", {}, name, lines)));
  const tally = h("p", { className: "numbers" });
  const formula = h("div", { className: "formula" }, FORMULA());

  /** New context: new rows, in the order of the logits, which no temperature can change. */
  function arrange() {
    const context = contexts[model.get("context")];
    logits = unpacked(context);
    vocab = context.words ? Array.from(logits, (_, i) => context.words[i] ?? t("unnamed")) : few;
    order = ranking(logits);
    plain = softmax(logits);
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
    const { second } = now;
    const longest = Math.max(...order.slice(0, bars.length).map((i) => Math.max(now.probs[i], now.before[i], plain[i], second ? second[i] : 0)));
    const end = whole.checked ? 1 : ENDS.find((one) => one >= longest) ?? 1;
    const tell = { N, end, t };
    let [n, inside] = [N, 0];
    const number = (p, p0) => (p === 0 && p0 > 0 ? t("cut") : show(p));
    listing = [];
    const tellRow = (name, { p, p0, p1, p2, n }) => listing.push([name, show(p1), number(p, p0), ...(second ? [number(p2, p1)] : []), ...(N ? [String(n)] : [])]);
    bars.forEach(({ row, paint }, place) => {
      const id = order[place];
      const word = { p: now.probs[id], p0: now.before[id], p1: plain[id], p2: second ? second[id] : null, n: drawn.counts.get(id) || 0 };
      inside += paint({ ...word, cut: word.p === 0 && word.p0 > 0, ...tell });
      row.ariaLabel = t("row", { word: vocab[id], p: number(word.p, word.p0) }) + (second ? t("row_other", { p: number(word.p2, word.p1) }) : "") + (N ? t("row_drawn", { n: word.n, N }) : "");
      tellRow(vocab[id], word);
      n -= word.n;
    });
    if (rest) {
      const others = order.slice(bars.length);
      const sumOf = (probs) => others.reduce((total, i) => total + probs[i], 0);
      const all = { p: sumOf(now.probs), p0: sumOf(now.before), p1: sumOf(plain), p2: second ? sumOf(second) : null, n };
      inside += rest.paint({ ...all, cut: all.p === 0 && all.p0 > 0, ...tell });
      tellRow(t("others", { n: others.length }), all);
    }
    axis.replaceChildren(...[0, 0.5, 1].map((x) => h("span", {}, String(Number((x * end).toPrecision(2))))));
    ui.card.classList.toggle("pair", second !== null);
    foot.refresh();
    tally.textContent = N ? t("tally", { N, inside, rows: bars.length + (rest ? 1 : 0) }) : t("tally_none");
  }

  /** Anything that changes the distribution: compute, begin the draws again, show. */
  function update() {
    const setting = Object.fromEntries(TRAITS.map((name) => [name, model.get(name)]));
    select.value = setting.context;
    for (const name of Object.keys(dials)) dials[name].set(setting[name] ?? (name === "other" ? 1 : null));
    compare.checked = setting.other !== null;
    dials.other.el.hidden = !compare.checked;
    const at = (T) => t("text_at", { T });
    [told.textContent, told2.textContent] = compare.checked ? [at(setting.temperature), at(setting.other)] : [t("probability"), ""];
    [setting.temperature, setting.other].forEach((T, i) => { texts[i].name.textContent = T === null ? "" : t("drawn_at", { T }); });
    seed.set();
    now = compute(logits, order, setting);
    const values = { nats: show(now.nats), bits: show(now.nats / Math.LN2), n: Math.exp(now.nats).toFixed(2) };
    openness.replaceChildren(...t("entropy", values).split(/<b>(.*?)<\/b>/).map((part, i) => (i % 2 ? h("b", {}, part) : part))); // all else in a label is text
    reset();
    explain();
    const best = order[0];
    ui.say(t("live", { T: setting.temperature, word: vocab[best], p: show(now.probs[best]), ...values }));
  }

  function reset() {
    drawn = { N: 0, counts: new Map() };
    samplers = [];
    for (const { lines } of texts) lines.replaceChildren(...Array.from({ length: SENTENCES }, () => h("li")));
    paint();
  }

  /** The beginning, shortened to its end, with the word that was drawn. */
  function sentence(id) {
    const words = names.find(([name]) => name === model.get("context"))[1].split(" ");
    const begun = words.slice(-4).join(" ");
    return h("li", {}, `${words.length > 4 ? "… " : ""}${begun} `, h("b", {}, vocab[id]));
  }

  function drawMore(n) {
    const all = [now.probs, ...(now.second ? [now.second] : [])];
    if (!samplers.length) samplers = all.map((probs) => sampler(probs, model.get("seed")));
    samplers.forEach((draw, which) => {
      const ids = Array.from({ length: n }, draw);
      if (!which) for (const id of ids) drawn.counts.set(id, (drawn.counts.get(id) || 0) + 1);
      const { lines } = texts[which];
      const kept = [...lines.children].slice(Math.min(n, SENTENCES));
      lines.replaceChildren(...kept, ...ids.slice(-SENTENCES).map(sentence));
    });
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
  const state = () => Object.fromEntries(TRAITS.map((name) => [name, model.get(name)]));
  const numbers = () => [[t("word"), t("text_at", { T: 1 }), t("now"), ...(now.second ? [t("text_at", { T: model.get("other") })] : []), ...(drawn.N ? [t("count")] : [])], listing];
  /** Python that makes this very widget: with its numbers where all of them are on the page. */
  function call() {
    const { context, ...rest } = state();
    const row = Array.from(logits, (z) => (z === -Infinity ? "-inf" : String(z)));
    const start = few.length ? `from math import inf\n\nlogits = {${python(context)}: [${row.join(", ")}]}\nvocab = ${python(few)}\n` : "";
    const set = Object.entries(rest).filter(([name, value]) => value !== { temperature: 1, seed: 0 }[name] && value !== null);
    return `${start}TemperatureScrubber(${["logits", "vocab", `context=${python(context)}`, ...set.map(([name, value]) => `${name}=${python(value)}`)].join(", ")})`;
  }
  const foot = below({ t, kind: "temperature", numbers, call, state });

  /** What of an address can be: the rest is left as it stands. */
  function takeFrom(found) {
    const between = (value, low, high) => typeof value === "number" && value >= low && value <= high;
    const [low, high] = [TEMPERATURES[0], TEMPERATURES.at(-1)];
    const fits = {
      context: (value) => Object.hasOwn(contexts, value),
      temperature: (value) => between(value, low, high),
      other: (value) => value === null || between(value, low, high),
      top_k: (value) => value === null || (Number.isInteger(value) && between(value, 1, V)),
      top_p: (value) => value === null || (between(value, 0, 1) && value > 0),
      seed: (value) => Number.isInteger(value) && between(value, 0, 4294967295),
    };
    const taken = TRAITS.filter((name) => name in found && fits[name](found[name]));
    if (taken.length) change(model, Object.fromEntries(taken.map((name) => [name, found[name]])));
  }

  // Slider and buttons stay in sight while the bars scroll: who draws and turns it sees both at work.
  ui.card.append(
    h("label", { className: "field" }, t("context"), select),
    h("div", { className: "console" }, dials.temperature.el, dials.other.el,
      h("div", { className: "row" }, h("span", { className: "heading" }, t("draw")), ...[1, 10, 100, 1000].map((n) => h("button", { type: "button", onclick: () => drawMore(n), "aria-label": `${t("draw")} ${n}` }, `+${n}`)),
        h("button", { type: "button", onclick: reset }, t("reset")))),
    h("div", { className: "dials" }, dials.top_k.el, dials.top_p.el),
    h("div", { className: "row" }, h("label", { className: "tick" }, compare, t("compare")), h("label", { className: "field" }, t("seed"), seed.field)),
    h("div", { className: "meta" }, openness, formula),
    head, list, restBox, h("div", { className: "word foot" }, h("span"), axis),
    h("div", { className: "row below" }, legend("fill", t("probability")), legend("ghost", t("key_ghost")), legend("share", t("key_share")), legend("band", t("key_band")), h("label", { className: "tick soft" }, whole, t("whole"))),
    tally, written,
    chosenName, h("div", { className: "two" }, chain, h("div", {}, h("p", { className: "soft" }, t("shift")), h("p", { className: "soft" }, t("limit")))), foot.el);

  takeFrom(given);
  arrange();
  now = null;
  update();
  choose(0);
  const quiet = [listen(model, TRAITS.slice(1), update), listen(model, ["context"], () => { arrange(); update(); choose(0); })];
  return () => { quiet.forEach((stop) => stop()); ui.done(); };
}

export default { render };
