// Reward against nats: the best policy for a judge moves along its frontier as the price of a nat changes.

const BETAS = Array.from({ length: 41 }, (_, i) => Number((10 ** (-1 + i / 20)).toPrecision(3)));
const MOST = 10; // points
const STORIES_SHOWN = 2;
const [WIDE, HIGH] = [440, 300];
const MARGIN = { left: 46, right: 14, top: 10, bottom: 40 };

/** Round numbers from low to high, about five of them. */
export function roundTicks(low, high) {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((one) => one * power >= rough);
  const digits = Math.max(0, -Math.floor(Math.log10(step)));
  return Array.from({ length: Math.floor(high / step + 1e-9) - Math.ceil(low / step - 1e-9) + 1 }, (_, i) => {
    const value = (Math.ceil(low / step - 1e-9) + i) * step;
    return [value, value.toFixed(digits).replace("-", "−")];
  });
}

const three = (x) => (Math.abs(x) < 0.0005 ? "0.000" : x.toFixed(3).replace("-", "−"));
const worth = (x) => `${x > 0 ? "+" : "−"}${Number(Math.abs(x).toFixed(3))}`;
const bare = (item) => item.replace(/[{}]/g, "");
const within = (x, low, high) => typeof x === "number" && x >= low && x <= high;

function render({ model, el }) {
  const { labels, grammar: packed, marks, judge: first } = model.get("_data");
  const t = translator(labels);
  const ui = stage(el, t("title"), CSS);
  const grammar = unpackGrammar(packed);
  const { slots, parts, secret, prior } = grammar;
  const set = (values) => change(model, values);
  const judge = () => ({ points: model.get("points"), per_word: model.get("per_word") });
  const same = () => JSON.stringify(judge()) === JSON.stringify(first);

  // To which slots a judge may give points, and to which of their words: lmlib.points refuses the others.
  const { drawn } = drawnSlots(grammar);
  const homes = (item) => drawn.flatMap((lines, i) => (lines.some((line) => line.includes(item)) ? [i] : []));
  const payable = Object.keys(slots).filter((item) => homes(item).length === 1 && (parts[homes(item)[0]].length === 1 || slots[item].given === null));
  const cues = payable.filter((item) => slots[item].given === secret);
  const wordsOf = (item) => [...new Set(Object.values(slots[item].tables).flatMap((table) => [...table.keys()]))];
  const plain = new Set(parts.flat(2).filter((item) => !slots[item]));
  const alone = (word) => !plain.has(word) && Object.keys(slots).filter((item) => wordsOf(item).includes(word)).length === 1;
  const moodOf = (item, word) => [...prior.keys()].reduce((best, mood) => ((slots[item].tables[mood].get(word) ?? 0) > (slots[item].tables[best].get(word) ?? 0) ? mood : best));

  let [rewards, asked, groups, rows, sentences] = [null, "", [], [], []];

  // Price
  const price = dial({ name: t("beta"), stops: BETAS, step: "any", ends: [t("cheap"), t("dear")], onChange: (beta) => set({ beta }) });

  // Picture
  const svg = svgElement("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img" });
  const layer = Object.fromEntries(["grid", "area", "lines", "dots"].map((name) => [name, svgElement("g", { class: name })]));
  svg.append(...Object.values(layer));
  let [x, y, xs, ys] = [null, null, [0, 1], [0, 1]];

  /** Scales that fit the frontier and the marks, however β stands. */
  function scale() {
    const [start, end] = [frontierAt(rewards, 1e9), frontierAt(rewards, BETAS[0])];
    const shown = same() ? marks : [];
    const most = Math.max(0.02, 1.12 * end.nats, ...shown.map(({ nats }) => 1.06 * nats[2]));
    const far = rewards.length > 1 ? mostFor(rewards, most) : start.reward;
    const all = [start.reward, far, ...shown.flatMap(({ reward }) => reward)];
    const [low, high] = [Math.min(...all), Math.max(...all)];
    const room = 0.08 * (high - low) || 0.5;
    [xs, ys] = [[0, most], [low - room, high + room]];
    x = (nats) => MARGIN.left + ((WIDE - MARGIN.left - MARGIN.right) * nats) / most;
    y = (reward) => HIGH - MARGIN.bottom - ((HIGH - MARGIN.top - MARGIN.bottom) * (reward - ys[0])) / (ys[1] - ys[0]);
    const text = (props, said) => svgElement("text", props, said);
    layer.grid.replaceChildren(
      ...roundTicks(...xs).flatMap(([value, said]) => [svgElement("line", { x1: x(value), x2: x(value), y1: MARGIN.top, y2: HIGH - MARGIN.bottom }), text({ x: x(value), y: HIGH - MARGIN.bottom + 17, "text-anchor": "middle" }, said)]),
      ...roundTicks(...ys).flatMap(([value, said]) => [svgElement("line", { x1: MARGIN.left, x2: WIDE - MARGIN.right, y1: y(value), y2: y(value) }), text({ x: MARGIN.left - 6, y: y(value) + 5, "text-anchor": "end" }, said)]),
      text({ x: WIDE - MARGIN.right, y: HIGH - 4, "text-anchor": "end", class: "axis" }, t("axis_nats")));
    // Beyond what the slider reaches the frontier goes on, to always the highest reward.
    const curve = Array.from({ length: 161 }, (_, i) => frontierAt(rewards, 10 ** (4 - i / 27))).filter(({ nats }) => nats <= most);
    const path = curve.map(({ nats, reward }) => `${x(nats).toFixed(2)},${y(reward).toFixed(2)}`);
    const level = y(curve.at(-1).reward).toFixed(2);
    layer.area.replaceChildren(svgElement("polygon", { points: [...path, `${x(most)},${level}`, `${x(most)},${HIGH - MARGIN.bottom}`, `${x(0)},${HIGH - MARGIN.bottom}`].join(" ") }), svgElement("polyline", { class: "curve", points: path.join(" ") }));
  }

  /** The line of all that is worth as much at this price, inside of the picture. */
  function tangent({ objective }, beta) {
    const at = [[0, objective], [xs[1], objective + beta * xs[1]], [(ys[0] - objective) / beta, ys[0]], [(ys[1] - objective) / beta, ys[1]]];
    const ends = at.filter(([nats, reward]) => nats >= -1e-9 && nats <= xs[1] + 1e-9 && reward >= ys[0] - 1e-9 && reward <= ys[1] + 1e-9).sort(([a], [b]) => a - b);
    return ends.length < 2 ? [] : [svgElement("line", { class: "tangent", x1: x(ends[0][0]), y1: y(ends[0][1]), x2: x(ends.at(-1)[0]), y2: y(ends.at(-1)[1]) })];
  }

  function paintPicture(point, beta) {
    layer.lines.replaceChildren(...tangent(point, beta));
    const shown = same() ? marks : [];
    const bar = (x1, x2, y1, y2) => svgElement("line", { x1, x2, y1, y2, class: "span" });
    layer.dots.replaceChildren(
      ...shown.flatMap(({ nats, reward, letter }) => {
        const [left, up] = [x(nats[0]), y(reward[0])];
        const aside = left > WIDE - 40 ? -9 : 9;
        return [bar(x(nats[1]), x(nats[2]), up, up), bar(left, left, y(reward[1]), y(reward[2])), svgElement("rect", { x: left - 4.5, y: up - 4.5, width: 9, height: 9 }), svgElement("text", { class: "letter", x: left + aside, y: up + 17, "text-anchor": aside < 0 ? "end" : "start" }, letter)];
      }),
      svgElement("circle", { class: "point", cx: x(point.nats), cy: y(point.reward), r: 8 }));
    svg.setAttribute("aria-label", t("picture", said(point, beta)));
  }

  /** The price at which the frontier has so many nats, of those on the slider. */
  function betaAt(nats) {
    let [low, high] = [BETAS[0], BETAS.at(-1)].map(Math.log);
    for (let i = 0; i < 40; i += 1) {
      const middle = (low + high) / 2;
      if (frontierAt(rewards, Math.exp(middle)).nats > nats) low = middle;
      else high = middle;
    }
    return Number(Math.exp(high).toPrecision(3));
  }
  let from = null;
  const pull = (event) => {
    // A finger that scrolls the page past the picture pulls nothing.
    if (!(event.buttons & 1) || (event.pointerType === "touch" && Math.abs(event.clientX - from) < 8)) return;
    const box = svg.getBoundingClientRect();
    const nats = ((((event.clientX - box.left) / box.width) * WIDE - MARGIN.left) / (WIDE - MARGIN.left - MARGIN.right)) * xs[1];
    set({ beta: betaAt(Math.max(0, nats)) });
  };
  svg.onpointerdown = (event) => { from = event.clientX; svg.setPointerCapture(event.pointerId); pull(event); };
  svg.onpointermove = pull;

  const said = ({ reward, nats, objective, log_z }, beta) => ({ beta: Number(beta.toPrecision(3)), reward: three(reward), nats: three(nats), objective: three(objective), log_z: three(log_z) });
  const numbers = h("dl", { className: "found numbers" });
  const slope = h("p", { className: "soft" });

  // What was measured
  const letters = marks.map((mark, i) => { mark.letter = String.fromCharCode(65 + i); return mark; });
  const measured = h("div", { className: "measured" });
  function paintMarks() {
    const own = same();
    const spread = ([value, low, high]) => [three(value), ...(low === high ? [] : [h("span", { className: "soft" }, t("spread", { low: three(low), high: three(high) }))])];
    const line = ({ letter, name, nats, reward }) => h("tr", {}, h("th", { scope: "row" }, h("b", { className: "letter" }, letter), ` ${name}`), ...[spread(nats), spread(reward), [three(mostFor(rewards, nats[0]))]].map((cell) => h("td", {}, ...cell)));
    const head = h("tr", {}, ...["measured", "nats", "reward", "at_best"].map((key) => h("th", { scope: "col" }, t(key))));
    measured.replaceChildren(...(letters.length ? [own ? h("table", {}, h("thead", {}, head), h("tbody", {}, ...letters.map(line))) : h("p", { className: "soft" }, t("other_judge"), " ", h("button", { type: "button", className: "small", onclick: () => set(structuredClone(first)) }, t("first_judge")))] : []));
  }

  // Odds, and the points of the words
  const odds = h("div", { className: "odds" });
  const told = h("div", { className: "odds" });
  const perWord = h("input", { type: "number", min: -1, max: 1, step: 0.01, "aria-label": t("per_word") });
  perWord.oninput = () => { const value = Number.parseFloat(perWord.value); if (within(value, -MOST, MOST)) set({ per_word: value }); };
  perWord.onblur = () => { perWord.value = model.get("per_word"); };
  const paid = (item) => Object.keys(model.get("points")[bare(item)] ?? {}).length > 0;
  const listed = () => [...payable.filter(paid), ...cues.filter((item) => !paid(item))];

  /** Words of a slot that stand in one row: those of a mood that are worth alike, of other slots those with points. */
  function grouped(item) {
    const own = model.get("points")[bare(item)] ?? {};
    const rowsOf = new Map();
    for (const word of wordsOf(item)) {
      const key = cues.includes(item) ? `${moodOf(item, word)} ${own[word] ?? 0}` : word in own ? word : "";
      rowsOf.set(key, [...(rowsOf.get(key) ?? []), word]);
    }
    const named = [...rowsOf].map(([key, words]) => ({ item, words, rest: key === "" && rowsOf.size > 1 }));
    return [...named.filter(({ rest }) => !rest), ...named.filter(({ rest }) => rest)];
  }

  /** Rows stay as they are while one types, unless points come that they cannot show. */
  function regroup() {
    const now = listed();
    const points = (item, word) => model.get("points")[bare(item)]?.[word];
    const fits = groups.length && now.every((item) => {
      const own = groups.filter((group) => group.item === item);
      return own.length && own.every(({ words, rest }) => words.every((word) => (rest ? points(item, word) === undefined : (points(item, word) ?? 0) === (points(item, words[0]) ?? 0))));
    }) && groups.every(({ item }) => now.includes(item));
    if (fits) return;
    groups = now.flatMap(grouped);
    rows = groups.map(oddsRow);
    odds.replaceChildren(...now.map((item) => h("div", {}, h("p", { className: "place soft" }, h("b", { lang: "en" }, bare(item)), h("span", {}, t("points"))), ...rows.flatMap(({ row }, i) => (groups[i].item === item ? [row] : [])))));
  }

  /** A row with two bars, and a field where its words may be given points. */
  function barRow(name, field) {
    const [was, now, text] = [h("i", { className: "was" }), h("i", { className: "now" }), h("span", { className: "numbers" })];
    const row = h("div", { className: "odd" }, h("span", { className: "name", lang: "en" }, name), text, h("div", { className: "bars", "aria-hidden": "true" }, was, now), ...(field ? [field] : []));
    const show_ = (p, q) => {
      [was.style.width, now.style.width] = [p, q].map((share) => `${100 * share}%`);
      text.textContent = t("from_to", { p: three(p), q: three(q) });
    };
    return { row, show: show_ };
  }
  function oddsRow({ item, words, rest }) {
    const name = rest ? t("others", { n: words.length }) : words.join(" ");
    if (rest || !words.every(alone)) return barRow(name);
    const field = h("input", { type: "number", min: -MOST, max: MOST, step: 0.5, "aria-label": t("points_for", { words: words.join(", ") }) });
    field.oninput = () => { const value = Number.parseFloat(field.value); if (within(value, -MOST, MOST)) give(item, words, value); };
    const value = () => model.get("points")[bare(item)]?.[words[0]] ?? 0;
    field.onblur = () => { field.value = value(); };
    return { ...barRow(name, field), put: () => { if (field.getRootNode().activeElement !== field) field.value = value(); } };
  }
  function give(item, words, value) {
    const points = structuredClone(model.get("points"));
    points[bare(item)] = { ...points[bare(item)], ...Object.fromEntries(words.map((word) => [word, value])) };
    set({ points });
  }

  function paintOdds(policy) {
    const sum = (source, { item, words }) => { const table = marginal(source, item); return words.reduce((total, word) => total + (table.get(word) ?? 0), 0); };
    rows.forEach((row, i) => {
      row.put?.();
      row.show(sum(grammar, groups[i]), sum(policy, groups[i]));
    });
    const moved = parts.flatMap((part, i) => (part.length > 1 && part.some((_, k) => Math.abs(policy.odds[i][k] - grammar.odds[i][k]) > 1e-9) ? [i] : []));
    if (sentences.map(({ i }) => i).join() !== moved.join()) {
      sentences = moved.map((i) => ({ i, lines: parts[i].map((line) => barRow(t("sentence_of", { word: line[0], n: line.length }))) }));
      told.replaceChildren(...sentences.map(({ lines }) => h("div", {}, h("p", { className: "place soft" }, h("b", {}, t("sentences"))), ...lines.map(({ row }) => row))));
    }
    for (const { i, lines } of sentences) lines.forEach(({ show: put }, k) => put(grammar.odds[i][k], policy.odds[i][k]));
    if (perWord.getRootNode().activeElement !== perWord) perWord.value = model.get("per_word");
  }

  const slotList = h("select", { "aria-label": t("slot"), lang: "en" }, ...payable.filter((item) => !cues.includes(item) && wordsOf(item).some(alone)).map((item) => h("option", { value: item }, bare(item))));
  const wordList = h("select", { "aria-label": t("word"), lang: "en" });
  const listWords = () => wordList.replaceChildren(...(slotList.value ? wordsOf(slotList.value).filter(alone) : []).map((word) => h("option", { value: word }, word)));
  slotList.onchange = listWords;
  listWords();
  const more = h("details", { className: "more" }, h("summary", {}, t("more")), h("div", { className: "row" }, slotList, wordList, h("button", { type: "button", onclick: () => give(slotList.value, [wordList.value], 1) }, t("give"))));

  // Stories
  const texts = h("div", { className: "stories" });
  function paintStories(policy) {
    const { points, per_word } = judge();
    texts.replaceChildren(...Array.from({ length: STORIES_SHOWN }, (_, i) => {
      const seed = model.get("seed") * STORIES_SHOWN + i;
      const [story, before] = [tell(policy, seed), tell(grammar, seed)];
      const counted = new Set();
      let reward = per_word * story.flat().length;
      const words = story.flatMap((sentence, n) => sentence.flatMap(([item, word], k) => {
        const flipped = before[n].length !== sentence.length || before[n][0][1] !== sentence[0][1] || before[n][k][1] !== word;
        const own = counted.has(item) ? 0 : points[bare(item)]?.[word] ?? 0;
        if (slots[item] && item[0] === "{") counted.add(item);
        reward += own;
        const text = h("span", { className: [flipped ? "flipped" : "", own > 0 ? "plus" : own < 0 ? "minus" : ""].join(" ").trim() }, word, ...(own ? [h("sup", {}, worth(own))] : []));
        return [/^[.,]$/.test(word) ? "" : " ", text];
      }));
      return h("div", { className: "story" }, h("p", { className: "text", lang: "en" }, ...words), h("p", { className: "soft numbers" }, t("story_reward", { reward: three(reward) })));
    }));
  }

  function update() {
    const beta = model.get("beta");
    const now = JSON.stringify(judge());
    price.set(beta);
    if (now !== asked) {
      asked = now;
      rewards = rewardDistribution(grammar, judge());
      regroup();
      scale();
      paintMarks();
    }
    const point = frontierAt(rewards, beta);
    const policy = tilted(grammar, judge(), beta);
    paintPicture(point, beta);
    const found = said(point, beta);
    numbers.replaceChildren(...["reward", "nats", "log_z", "objective"].flatMap((key) => [h("div", {}, h("dt", {}, t(`is_${key}`)), h("dd", {}, found[key]))]));
    slope.textContent = t(rewards.length > 1 ? "slope" : "flat", found);
    paintOdds(policy);
    paintStories(policy);
    foot.refresh();
    ui.say(t("live", found));
  }

  const state = () => ({ beta: model.get("beta"), points: model.get("points"), per_word: model.get("per_word"), seed: model.get("seed") });
  const call = () => {
    const { beta, points, per_word, seed } = state();
    return `RewardFrontier(grammar, Judge(${JSON.stringify(points)}${per_word ? `, ${per_word}` : ""})${marks.length && same() ? ", marks" : ""}, beta=${beta}${seed ? `, seed=${seed}` : ""})`;
  };
  const table = () => [["β", ...["reward", "nats", "log_z", "objective"].map((key) => t(`is_${key}`))], BETAS.filter((_, i) => i % 4 === 0).map((beta) => { const found = said(frontierAt(rewards, beta), beta); return [String(beta), found.reward, found.nats, found.log_z, found.objective]; })];
  const foot = below({ t, kind: "frontier", numbers: table, call, state });
  const key = (className, text) => h("span", { className: "key soft" }, h("span", { className: `sign ${className}` }), text);

  const other = h("button", { type: "button", className: "small", onclick: () => set({ seed: (model.get("seed") + 1) % 2 ** 31 }) }, t("other_stories"));
  ui.card.append(
    price.el,
    h("div", { className: "both" },
      h("div", {},
        h("p", { className: "heading" }, t("axis_reward")), svg, numbers, slope,
        h("div", { className: "row keys" }, key("curve", t("key_curve")), key("tangent", t("key_tangent")))),
      h("div", {}, h("div", { className: "row tell" }, h("span", { className: "heading" }, t("stories")), other), texts, h("p", {}, h("span", { className: "soft flipped" }, t("key_flipped"))))),
    measured,
    h("div", { className: "row tell often" }, h("span", { className: "heading" }, t("odds")), h("span", { className: "soft" }, h("i", { className: "was" }), t("key_was"), h("i", { className: "now" }), t("key_now"))),
    odds, told,
    h("label", { className: "odd each" }, h("span", { className: "name" }, t("per_word")), perWord), ...(slotList.options.length ? [more] : []),
    foot.el);

  const quiet = listen(model, ["beta", "points", "per_word", "seed"], update);
  const link = fromAddress("frontier");
  const taken = {};
  if (within(link.beta, BETAS[0], BETAS.at(-1))) taken.beta = link.beta;
  if (Number.isInteger(link.seed) && within(link.seed, 0, 2 ** 31 - 1)) taken.seed = link.seed;
  if (within(link.per_word, -MOST, MOST)) taken.per_word = link.per_word;
  const known = (slot, words) => payable.includes(`{${slot}}`) && words && typeof words === "object" && Object.entries(words).every(([word, value]) => wordsOf(`{${slot}}`).includes(word) && alone(word) && within(value, -MOST, MOST));
  if (link.points && typeof link.points === "object" && Object.entries(link.points).every(([slot, words]) => known(slot, words))) taken.points = link.points;
  if (Object.keys(taken).length) set(taken);
  update();
  return () => { quiet(); ui.done(); };
}

export default { render };
