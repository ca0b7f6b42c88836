// The cost calculator: what a training run takes. The formulas are those of lmlib.scale, lmlib.machines and
// lmlib.scaling_laws, in their order of operations; the constants come from there with the data.

const FIELDS = ["parameters", "tokens", "devices", "utilisation", "price"];
const UNITS = { "": 1, k: 1e3, thousand: 1e3, m: 1e6, million: 1e6, b: 1e9, bn: 1e9, billion: 1e9, t: 1e12, trillion: 1e12 };
const DECADES = { parameters: [5, 12], tokens: [5, 14] };
const A_DECADE = 20;

/** "7b", "350 million", "1.2e9" or "1,000,000" as a number; NaN for all else. */
export function readAmount(text) {
  const found = /^\s*([-−+]?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.?\d*|\.\d+))(?:e([-−+]?\d{1,3}))?\s*([a-z]*)\s*$/i.exec(text);
  const unit = found && UNITS[found[3].toLowerCase()];
  return unit ? Number(`${found[1].replaceAll(",", "").replace("−", "-")}e${(found[2] || "0").replace("−", "-")}`) * unit : NaN;
}

/** "40 %" or "0.4" as a share; a bare number above 1 is meant in percent. */
export function readShare(text) {
  const [, number, sign] = /^(.*?)(%?)\s*$/s.exec(text);
  const value = readAmount(number);
  return sign || value > 1 ? value / 100 : value;
}

/** A number with three digits that count, or with all before the point. */
export function plainNumber(x) {
  if (x === 0) return "0";
  if (x < 1e-3 || x >= 1e15) return asPower(x);
  return x >= 100 ? Math.round(x).toLocaleString("en-US") : String(Number(x.toPrecision(3)));
}

/** 3.14 × 10²³. */
export function asPower(x) {
  const [digits, exponent] = x.toExponential(2).split("e");
  return `${digits} × 10${[...exponent.replace("+", "")].map((c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]).join("")}`;
}

/** Bytes in the unit that suits them. */
export function inBytes(size) {
  for (const [unit, name] of [[1e15, "PB"], [1e12, "TB"], [1e9, "GB"], [1e6, "MB"], [1e3, "kB"]]) {
    if (size >= unit) return `${(size / unit).toLocaleString("en-US", { minimumFractionDigits: 1, maximumFractionDigits: 1 })} ${name}`;
  }
  return `${size.toFixed(0)} B`;
}

/** Loss by a law, L(N, D) = E + A / N^α + B / D^β, and the parameters that lower it most for as much work. */
export function byLaw({ E, A, alpha, B, beta }, N, D, flops) {
  const loss = (n, d) => E + A / n ** alpha + B / d ** beta;
  const bestN = ((alpha * A) / (beta * B)) ** (1 / (alpha + beta)) * (flops / 6) ** (beta / (alpha + beta));
  return { loss: loss(N, D), bestN, best: loss(bestN, flops / 6 / bestN) };
}

/** Everything that a run takes. */
export function billOf({ parameters, tokens, device, devices, utilisation, price }, { cards, laws, bytes, bits }) {
  const { peak, memory } = cards[device];
  const flops = 6 * parameters * tokens;
  const hours = flops / (peak * utilisation) / 3600;
  const kept = Object.fromEntries(Object.entries(bytes).map(([part, size]) => [part, size * parameters]));
  const train = Object.values(kept).reduce((sum, size) => sum + size, 0);
  return {
    flops, hours, days: hours / devices / 24, money: hours * price, kept, train,
    run: bits.map((n) => (parameters * n) / 8), cards: (size) => Math.ceil(size / memory), ratio: tokens / parameters,
    laws: Object.entries(laws).map(([name, law]) => ({ name, ...byLaw(law, parameters, tokens, flops) })),
  };
}

/** As short as the field takes it, and no less exact. */
export function asField(x) {
  for (const unit of ["t", "b", "m", "k"]) {
    const short = String(Number((x / UNITS[unit]).toPrecision(4)));
    if (x >= UNITS[unit] && x < 1e15 && Number(short) * UNITS[unit] === x) return short + unit;
  }
  return x < 1e15 && Number.isInteger(x) ? x.toLocaleString("en-US") : String(x);
}

function render({ model, el }) {
  const data = model.get("_data");
  const { labels, cards, limits, models, fitted, bits } = data;
  const t = translator(labels);
  const ui = stage(el, t("title"), CSS);
  const setting = () => Object.fromEntries([...FIELDS, "device"].map((name) => [name, model.get(name)]));
  const inWords = (x) => {
    for (const unit of ["trillion", "billion", "million"]) if (x >= UNITS[unit]) return `${x < 1e15 ? Number((x / UNITS[unit]).toPrecision(4)) : Math.round(x / UNITS[unit]).toLocaleString("en-US")} ${t(unit)}`;
    return Math.round(x).toLocaleString("en-US");
  };
  const inTime = (days) => {
    const seconds = days * 86400;
    for (const [key, unit] of [["y", 31536000], ["d", 86400], ["h", 3600], ["min", 60]]) if (seconds >= 2 * unit) return `${plainNumber(seconds / unit)} ${t(key)}`;
    return `${plainNumber(seconds)} ${t("s")}`;
  };
  const percent = (share) => `${Number((100 * share).toPrecision(3))} %`;
  const shown = { parameters: asField, tokens: asField, devices: (n) => n.toLocaleString("en-US"), utilisation: percent, price: (x) => String(x) };
  const fits = (name, value) => Number.isFinite(value) && value >= limits[name][0] && value <= limits[name][1];
  const isWhole = (name, value) => name !== "devices" || Number.isInteger(value);
  let problem = null;

  const note = h("p", { className: "warn", id: "note" });
  const source = h("p", { className: "soft source" });
  const inputs = {};

  /** A text that a reader typed: taken if it can be, else answered with a sentence. */
  function take(name) {
    const input = inputs[name];
    const value = name === "utilisation" ? readShare(input.value) : readAmount(input.value);
    const kept = shown[name](model.get(name));
    const said = { name: t(name), text: input.value.trim(), kept };
    problem = null;
    if (Number.isNaN(value)) problem = { name, text: t("unreadable", { ...said, like: t(name === "utilisation" ? "like_share" : name === "parameters" || name === "tokens" ? "like_amount" : "like_number") }) };
    else if (!fits(name, value)) problem = { name, text: t("outside", { ...said, low: name === "utilisation" ? percent(limits[name][0]) : plainNumber(limits[name][0]), high: name === "utilisation" ? percent(limits[name][1]) : plainNumber(limits[name][1]) }) };
    else if (!isWhole(name, value)) problem = { name, text: t("not_whole", said) };
    if (problem) { tellProblem(); ui.say(problem.text); } else set({ [name]: value });
  }

  function tellProblem() {
    note.textContent = problem ? problem.text : "";
    for (const [name, input] of Object.entries(inputs)) input.ariaInvalid = String(problem?.name === name);
  }

  function set(values) {
    problem = null;
    change(model, values);
    update();
  }

  const typed = (name, more = {}) => (inputs[name] = h("input", { type: "text", autocomplete: "off", spellcheck: false, "aria-label": t(name), "aria-describedby": "note", onchange: () => take(name), ...more }));
  const place = (name, value) => (Math.log10(value) - DECADES[name][0]) / (DECADES[name][1] - DECADES[name][0]);

  /** A slider in factors of ten over a field for any number. */
  function logDial(name) {
    const [low, high] = DECADES[name];
    const range = h("input", { type: "range", min: 0, max: (high - low) * A_DECADE, "aria-label": t(name) });
    range.oninput = () => set({ [name]: Number((10 ** (low + range.value / A_DECADE)).toPrecision(2)) });
    const marks = h("div", { className: "marks", "aria-hidden": "true" }, ...models.map((known) => {
      const mark = h("span", { title: known[0] });
      mark.style.left = `calc(8px + ${place(name, known[name === "parameters" ? 1 : 2])} * (100% - 16px))`;
      return mark;
    }));
    const box = h("div", { className: "dial" }, h("span", { className: "name" }, t(name)), h("div", { className: "scale" }, range, marks), typed(name), h("div", { className: "ends soft" }, ...[low, high].map((power) => h("span", {}, inWords(10 ** power)))));
    const show = (value) => {
      range.value = Math.round(place(name, value) * (high - low) * A_DECADE);
      range.setAttribute("aria-valuetext", inWords(value));
    };
    return { box, show };
  }

  const dials = { parameters: logDial("parameters"), tokens: logDial("tokens") };
  const device = h("select", { onchange: () => set({ device: device.value }) }, ...Object.entries(cards).map(([name, { memory }]) => h("option", { value: name }, `${name}, ${memory / 1e9} GB`)));
  const field = (name, input) => h("label", { className: "field" }, t(name), input);

  // A toolbar is one stop of the tab key; arrows go from model to model.
  let chosen = 0;
  const buttons = models.map(([name, parameters, tokens], i) => h("button", { type: "button", className: "small", tabIndex: i ? -1 : 0, onclick: () => { rove(i); set({ parameters, tokens }); } }, name));
  const rove = (i) => { chosen = i; buttons.forEach((button, j) => { button.tabIndex = j === i ? 0 : -1; }); };
  const bar = h("div", { className: "row models", role: "toolbar", "aria-label": t("models") }, ...buttons);
  bar.onkeydown = (event) => {
    const to = arrowed(event, chosen, buttons.length);
    if (to !== null) { rove(to); buttons[to].focus(); }
  };

  const body = h("tbody");
  const foot = h("p", { className: "soft foot" });
  const lines = [];
  /** A row of the table: a name over what explains it, and a value. */
  function line() {
    const [name, about, value] = [h("span", { className: "what" }), h("span", { className: "soft about" }), h("td", { className: "numbers" })];
    body.append(h("tr", {}, h("th", { scope: "row" }, name, about), value));
    return { name, about, value };
  }

  function rowsOf(bill, now) {
    const room = (size) => {
      const n = bill.cards(size);
      const key = n === 1 ? "fits" : n > now.devices ? "fits_never" : "fits_not";
      return { text: t(key, { device: now.device, n: plainNumber(n), has: plainNumber(now.devices) }), tight: n > 1 };
    };
    const adam = Object.entries(bill.kept).filter(([part]) => part !== "weights" && part !== "gradients").reduce((sum, [, size]) => sum + size, 0);
    const train = room(bill.train);
    return [
      [t("flops"), asPower(bill.flops), t("flops_note")],
      [t("hours"), plainNumber(bill.hours), t("hours_note", { peak: asPower(cards[now.device].peak), share: percent(now.utilisation) })],
      [t("time"), inTime(bill.days), t("time_note", { n: plainNumber(now.devices), device: now.device })],
      [t("money"), plainNumber(bill.money), t("money_note", { price: now.price })],
      [t("train"), inBytes(bill.train), train.text, train.tight, t("train_note", { weights: inBytes(bill.kept.weights), gradients: inBytes(bill.kept.gradients), adam: inBytes(adam) })],
      ...bill.run.map((size, i) => { const { text, tight } = room(size); return [t("run", { bits: bits[i] }), inBytes(size), text, tight]; }),
      [t("ratio"), plainNumber(bill.ratio), t("ratio_note")],
      ...bill.laws.map(({ name, loss, bestN, best }) => [t("law", { name }), `${loss.toFixed(2)} ${t("nats")}`, t("law_note", { best: best.toFixed(2), parameters: inWords(Number(bestN.toPrecision(2))) })]),
    ];
  }

  let exact = [];
  function update() {
    const now = setting();
    const bill = billOf(now, data);
    for (const [name, one] of Object.entries(dials)) one.show(now[name]);
    for (const name of FIELDS) if (problem?.name !== name) inputs[name].value = shown[name](now[name]);
    device.value = now.device;
    tellProblem();
    const known = models.findIndex(([, parameters, tokens]) => parameters === now.parameters && tokens === now.tokens);
    buttons.forEach((button, i) => { button.ariaPressed = String(i === known); });
    source.textContent = known < 0 ? t("no_model") : t("source", { name: models[known][0], parameters: inWords(models[known][1]), tokens: inWords(models[known][2]), source: models[known][3] });
    rowsOf(bill, now).forEach(([name, value, about, tight, more], i) => {
      const row = (lines[i] ??= line());
      row.name.textContent = name;
      row.value.textContent = value;
      row.about.replaceChildren(...(more ? [more, h("br")] : []), h("span", { className: tight ? "tight" : "" }, about));
    });
    const inside = ["parameters", "tokens"].every((name) => now[name] >= fitted[name][0] && now[name] <= fitted[name][1]);
    const [N, D] = ["parameters", "tokens"].map((name) => t("to", { low: inWords(fitted[name][0]), high: inWords(fitted[name][1]) }));
    foot.textContent = t(inside ? "inside" : "beyond", { N, D });
    exact = [
      [t("parameters"), now.parameters], [t("tokens"), now.tokens], [t("flops"), bill.flops], [t("hours"), bill.hours], [`${t("time")}, ${t("d")}`, bill.days], [t("money"), bill.money],
      ...Object.entries(bill.kept).map(([part, size]) => [`${t("train")}: ${part}, B`, size]), ...bill.run.map((size, i) => [`${t("run", { bits: bits[i] })}, B`, size]),
      [t("ratio"), bill.ratio], ...bill.laws.map(({ name, loss }) => [`${t("law", { name })}, ${t("nats")}`, loss]),
    ].map(([name, value]) => [name, String(Number(value.toPrecision(6)))]);
    after.refresh();
    ui.say(t("live", { flops: asPower(bill.flops), time: inTime(bill.days), money: plainNumber(bill.money), train: inBytes(bill.train), loss: bill.laws[0].loss.toFixed(2) }));
  }

  const call = () => { const { parameters, tokens, ...rest } = setting(); return `CostCalculator(${python(parameters)}, ${python(tokens)}, ${Object.entries(rest).map(([name, value]) => `${name}=${python(value)}`).join(", ")})`; };
  const after = below({ t, kind: "calculator", call, numbers: () => [[t("quantity"), t("value")], exact], state: setting });

  ui.card.append(
    h("p", { className: "heading" }, t("models")), bar, source,
    h("div", { className: "dials" }, dials.parameters.box, dials.tokens.box),
    h("div", { className: "fields" }, field("device", device), field("devices", typed("devices")), field("utilisation", typed("utilisation")), field("price", typed("price"))),
    note,
    h("table", { className: "bill" }, h("caption", { className: "heading" }, t("result")), body),
    foot, after.el);

  const quiet = listen(model, [...FIELDS, "device"], update);
  const given = fromAddress("calculator");
  const kept = FIELDS.filter((name) => typeof given[name] === "number" && fits(name, given[name]) && isWhole(name, given[name]));
  const found = Object.fromEntries(kept.map((name) => [name, given[name]]));
  if (Object.hasOwn(cards, given.device)) found.device = given.device;
  if (Object.keys(found).length) change(model, found);
  update();
  return () => { quiet(); ui.done(); };
}

export default { render };
