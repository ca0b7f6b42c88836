// How many labels each method needs: means and intervals of several runs, and a comparison of two methods.

/** Mean, two standard errors (null for one run) and number of runs: the order of operations of lmlib. */
export function summary(runs) {
  const n = runs.length;
  const mean = runs.reduce((sum, run) => sum + run, 0) / n;
  if (n < 2) return { n, mean, spread: null };
  const variance = runs.reduce((sum, run) => sum + (run - mean) ** 2, 0) / (n - 1);
  return { n, mean, spread: 2 * Math.sqrt(variance / n) };
}

/** Of [[labels, runs], …]: the next fewer and the fewest labels with which the mean is at least a level. */
export function reachedAt(measured, level) {
  let before = null;
  for (const [n, runs] of measured) {
    if (summary(runs).mean >= level) return [before, n];
    before = n;
  }
  return [before, null];
}

/** How two methods stand to each other where both were measured: "alone", "overlap" or "apart". */
export function standing(a, b) {
  if (a.spread === null || b.spread === null) return "alone";
  return Math.abs(a.mean - b.mean) <= a.spread + b.spread ? "overlap" : "apart";
}

function render({ model, el }) {
  const { labels, results, shown, sizes, ceiling, tested } = model.get("_data");
  const t = translator(labels);
  const ui = stage(el, t("title"), CSS);
  const names = Object.keys(results);
  const found = Object.fromEntries(names.map((name) => [name, new Map(results[name].map(([n, runs]) => [n, summary(runs)]))]));
  const count = (n) => n.toLocaleString("en-US");

  // One axis for all numbers of labels, so that a move of the slider moves points and not the axis.
  const ends = names.flatMap((name) => [...found[name].values()].flatMap(({ mean, spread }) => [mean - (spread || 0), mean + (spread || 0)])).concat(ceiling ?? []);
  const low = Math.max(0, Math.floor(10 * Math.min(...ends)) / 10);
  const high = Math.max(low + 0.1, Math.min(1, Math.ceil(10 * Math.max(...ends)) / 10));
  const at = (x) => `${(100 * (Math.min(high, Math.max(low, x)) - low)) / (high - low)}%`;
  const span = (node, from, to) => { node.style.left = at(from); node.style.right = `calc(100% - ${at(to)})`; return node; };

  const range = h("input", { type: "range", min: 0, max: sizes.length - 1, "aria-label": t("n"), oninput: () => set({ n: sizes[range.value] }) });
  const said = h("span", { className: "numbers chosen" });
  const stops = h("div", { className: "stops soft numbers", "aria-hidden": "true" }, ...sizes.map((n, i) => {
    const stop = h("span", {}, count(n));
    stop.style.left = `calc(8px + ${sizes.length > 1 ? i / (sizes.length - 1) : 0} * (100% - 16px))`;
    return stop;
  }));

  // One stop of the tab key for all methods; arrows go from box to box.
  let place = 0;
  const boxes = names.map((name, i) => h("input", { type: "checkbox", tabIndex: i ? -1 : 0, onfocus: () => rove(i), onchange: () => set({ methods: names.filter((_, j) => boxes[j].checked) }) }));
  const rove = (i) => { place = i; boxes.forEach((box, j) => { box.tabIndex = j === i ? 0 : -1; }); };
  const choice = h("div", { className: "row methods", role: "group", "aria-label": t("methods") }, ...names.map((name, i) => h("label", { className: "tick" }, boxes[i], shown[name])));
  choice.onkeydown = (event) => {
    const to = arrowed(event, place, names.length);
    if (to !== null) boxes[to].focus();
  };

  const body = h("tbody");
  const lines = Object.fromEntries(names.map((name) => [name, line(name)]));
  function line(name) {
    const track = h("div", { className: "track", "aria-hidden": "true" });
    if (ceiling !== null) {
      const spread = tested ? 2 * Math.sqrt((ceiling * (1 - ceiling)) / tested) : 0;
      if (spread) track.append(span(h("div", { className: "band" }), ceiling - spread, ceiling + spread));
      track.append(span(h("div", { className: "top" }), ceiling, ceiling));
    }
    const others = new Map([...found[name]].map(([n, { mean }]) => {
      const dot = h("div", { className: "other" });
      dot.style.left = at(mean);
      return [n, dot];
    }));
    const [bar, dot] = [h("div", { className: "bar" }), h("div", { className: "dot" })];
    track.append(...others.values(), bar, dot);
    const [mean, spread] = [h("span", { className: "mean" }), h("span", { className: "soft" })];
    const row = h("tr", {}, h("th", { scope: "row" }, shown[name]), h("td", { className: "wide" }, track), h("td", { className: "numbers" }, mean, " ", spread));
    body.append(row);
    return { row, bar, dot, mean, spread, others };
  }
  const nobody = h("p", { className: "soft" });
  const axis = h("div", { className: "axis soft numbers", "aria-hidden": "true" }, h("span", {}, low.toFixed(2)), h("span", {}, ((low + high) / 2).toFixed(2)), h("span", {}, high.toFixed(2)));

  const pick = (i) => h("select", { "aria-label": t(i ? "with" : "compare"), onchange: () => set({ pair: selects.map((select) => select.value) }) }, ...names.map((name) => h("option", { value: name }, shown[name])));
  const selects = [];
  selects.push(pick(0), pick(1));
  const verdict = h("p", { className: "verdict" });
  const reach = h("p", { className: "reach" });

  const set = (values) => change(model, values);

  /** What can be said of the two methods with n labels, and when the other gets where the better one is. */
  function compare(n, [a, b]) {
    if (a === b) return [t("same"), "", ""];
    const [one, two] = [found[a].get(n), found[b].get(n)];
    const gone = [a, b].find((name) => !found[name].has(n));
    if (gone !== undefined) return [t("missing", { n: count(n), name: shown[gone] }), "", ""];
    const [best, other] = one.mean >= two.mean ? [a, b] : [b, a];
    const level = found[best].get(n).mean;
    const how = standing(one, two);
    const words = { n: count(n), a: shown[best], b: shown[other], level: level.toFixed(3), gap: (level - found[other].get(n).mean).toFixed(3) };
    const [fewer, m] = reachedAt(results[other], level);
    const most = count(results[other].at(-1)[0]);
    const key = m === null ? "reach_none" : fewer === null ? "reach_first" : "reach";
    return [t(how, words), how === "apart" ? t(key, { ...words, m: m && count(m), below: fewer && count(fewer), most }) : "", how];
  }

  let table = [];
  function update() {
    const [n, methods, pair] = ["n", "methods", "pair"].map((name) => model.get(name));
    range.value = sizes.indexOf(n);
    range.setAttribute("aria-valuetext", `${count(n)} ${t("labels")}`);
    said.textContent = count(n);
    let over = false;
    names.forEach((name, i) => {
      const { row, bar, dot, mean, spread, others } = lines[name];
      const now = found[name].get(n);
      boxes[i].checked = methods.includes(name);
      row.hidden = !methods.includes(name);
      bar.hidden = dot.hidden = !now;
      for (const [size, other] of others) other.hidden = size === n;
      mean.textContent = now ? now.mean.toFixed(3) : t("not_measured");
      mean.className = now ? "mean" : "soft";
      spread.textContent = now ? (now.spread === null ? t("one_run") : t("plus_minus", { spread: now.spread.toFixed(3) })) : "";
      if (!now) return;
      dot.style.left = at(now.mean);
      span(bar, now.mean - (now.spread || 0), now.mean + (now.spread || 0));
      over ||= !row.hidden && ceiling !== null && now.mean > ceiling;
    });
    nobody.textContent = methods.length ? (over ? t("above") : "") : t("none");
    selects.forEach((select, i) => { select.value = pair[i]; });
    const [text, more, how] = compare(n, pair);
    verdict.textContent = text;
    reach.textContent = more;
    verdict.classList.toggle("open", how === "overlap" || how === "alone");
    table = methods.flatMap((name) => [...found[name]].map(([size, { mean, spread, n: runs }]) => [`${shown[name]}, ${count(size)}`, mean.toFixed(4), spread === null ? "–" : spread.toFixed(4), String(runs)]));
    foot.refresh();
    ui.say([`${count(n)} ${t("labels")}.`, text, more].filter(Boolean).join(" "));
  }

  const state = () => ({ n: model.get("n"), methods: model.get("methods"), pair: model.get("pair") });
  const call = () => `LabelsNeeded(results, ${[...(ceiling === null ? [] : [`ceiling=${ceiling}`]), ...(tested ? [`tested=${tested}`] : []), ...Object.entries(state()).map(([name, value]) => `${name}=${python(value)}`)].join(", ")})`;
  const foot = below({ t, kind: "labels", call, numbers: () => [[`${t("method")}, ${t("labels")}`, t("mean"), t("interval"), t("runs")], table], state });
  const key = (className, text) => h("span", { className: "soft key" }, h("span", { className: "sign" }, h("span", { className })), text);
  const luck = tested && ceiling !== null ? (2 * Math.sqrt((ceiling * (1 - ceiling)) / tested)).toFixed(3) : null;

  ui.card.append(
    h("div", { className: "head" }, h("span", { className: "heading" }, t("n")), said),
    h("div", { className: "scale" }, range, stops),
    choice,
    h("p", { className: "heading" }, t("accuracy")),
    h("table", { className: "plot", "aria-label": t("title") }, body),
    h("div", { className: "under" }, axis), nobody,
    h("div", { className: "row keys" }, key("bar", t("interval_key")), key("other", t("others_key")), ...(ceiling === null ? [] : [key("top", t("ceiling_key", { c: ceiling.toFixed(3) }))]), ...(luck ? [key("band", t("band_key", { n: count(tested), spread: luck }))] : [])),
    h("div", { className: "versus" }, h("div", { className: "row" }, h("span", { className: "heading" }, t("compare")), selects[0], h("span", {}, t("with")), selects[1]), verdict, reach),
    foot.el);

  const quiet = listen(model, ["n", "methods", "pair"], update);
  const given = fromAddress("labels");
  const known = (list) => Array.isArray(list) && list.every((name) => names.includes(name));
  const taken = {};
  if (sizes.includes(given.n)) taken.n = given.n;
  if (known(given.methods)) taken.methods = names.filter((name) => given.methods.includes(name));
  if (known(given.pair) && given.pair.length === 2) taken.pair = given.pair;
  if (Object.keys(taken).length) set(taken);
  update();
  return () => { quiet(); ui.done(); };
}

export default { render };
