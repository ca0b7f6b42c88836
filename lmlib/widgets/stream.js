// The layer stream: the last word's vector on its way through the book's GPT, with parts to switch off.

const AT_ONCE = 3;
const ANSWERS = 5;

/** Every name that `off` may hold, block by block. */
function namesOf(layers, heads) {
  const count = (n) => Array.from({ length: n }, (_, i) => i);
  const blocks = count(layers).map((layer) => [`attention ${layer}`, ...count(heads).map((head) => `head ${layer}.${head}`), `feed-forward ${layer}`]);
  return ["residual", "norm", ...blocks.flat()];
}

/** What stands behind each part: the vector `x`, what was `added`, the probabilities of the next word. */
function stagesOf(step, lens) {
  const found = [{ name: "embedding", x: step.stream[0], added: null }, ...step.parts];
  return found.map(({ name, x, added }) => ({ name, length: lengthOf(x), added: added && lengthOf(added), probs: softmax(lens(x)) }));
}

/** A word with its bar; a dashed one behind it is the whole model's. */
function barRow(numbers) {
  const [name, fill, ghost] = [h("span", { className: "name", lang: "en" }), h("div", { className: "fill" }), h("div", { className: "ghost" })];
  const told = Array.from({ length: numbers }, (_, i) => h("span", { className: i ? "numbers soft" : "numbers" }));
  const el = h("div", { className: "bar" }, name, h("div", { className: "track" }, fill, ghost), ...told);
  const set = (word, p, q) => {
    name.textContent = word;
    name.title = word;
    fill.style.width = `${100 * p}%`;
    ghost.style.width = `${100 * q}%`;
    [p, q].slice(0, numbers).forEach((value, i) => { told[i].textContent = percent(value); });
  };
  return { el, set };
}

function render({ model, el }) {
  const { labels, n_layer: L, n_head: H } = model.get("_data");
  const t = translator(labels);
  const ui = stage(el, t("title"), CSS);
  const given = fromAddress("stream");
  const names = namesOf(L, H);
  const first = model.get("text");
  const switches = new Map();
  let [live, whole, wholeStep, changed, step, offNow, chosen, listing] = [null, null, null, null, null, "", "residual", []];

  const field = h("textarea", { rows: 3, spellcheck: false, autocapitalize: "off", autocomplete: "off", "aria-label": t("prompt"), oninput: () => write(field.value) });
  const note = h("p", { className: "note soft", role: "status" });
  const write = (text) => change(model, { text });
  const again = h("button", { type: "button", className: "small", onclick: () => { write(first); field.focus(); } }, t("first_text"));

  function toggle(name) {
    const off = model.get("off");
    choose(name);
    change(model, { off: names.filter((one) => (one === name) !== off.includes(one)) });
  }

  /** The one switch of all that the Tab key reaches. */
  function choose(name) {
    chosen = name;
    for (const [one, button] of switches) button.tabIndex = one === name ? 0 : -1;
  }

  function makeSwitch(name, said, ...content) {
    const button = h("button", { type: "button", role: "switch", className: name.startsWith("head") ? "part head" : "part", "aria-label": said, onclick: () => toggle(name) }, ...content);
    switches.set(name, button);
    return button;
  }

  /** A part of the model: its switch, what it adds, and the words behind it. */
  function makeStage(name, ...left) {
    const bars = Array.from({ length: AT_ONCE }, () => barRow(1));
    const told = h("p", { className: "soft numbers" });
    const node = h("span", { className: "node", "aria-hidden": "true" });
    const row = h("div", { className: name === "embedding" ? "stage first" : "stage" }, h("div", { className: "lane" }, node), h("div", { className: "does" }, ...left, told), h("div", { className: "says" }, ...bars.map((bar) => bar.el)));
    return { name, row, told, node, bars };
  }

  const everywhere = h("div", { className: "row everywhere" }, h("span", { className: "heading" }, t("everywhere")), makeSwitch("residual", t("residual"), t("residual")), makeSwitch("norm", t("norm"), t("norm")));
  const followed = h("span", { className: "heading followed" });
  const stages = [makeStage("embedding", followed)];
  const marks = new Map();
  for (let layer = 0; layer < L; layer += 1) {
    const block = h("span", { className: "soft of" }, t("block", { layer }));
    const partSwitch = (part) => makeSwitch(`${part} ${layer}`, t("behind", { part: t(part), layer }), t(part));
    const attention = partSwitch("attention");
    const heads = h("div", { className: "heads" });
    for (let head = 0; head < H; head += 1) {
      const mark = h("span", { className: "mark numbers" });
      marks.set(`head ${layer}.${head}`, mark);
      heads.append(makeSwitch(`head ${layer}.${head}`, t("head_of", { n: head, layer }), h("span", {}, t("head", { n: head })), mark));
    }
    stages.push(makeStage(`attention ${layer}`, h("div", { className: "row" }, attention, block), heads));
    stages.push(makeStage(`feed-forward ${layer}`, h("div", { className: "row" }, partSwitch("feed-forward"), block.cloneNode(true))));
  }
  const allOn = h("button", { type: "button", className: "all", onclick: () => { change(model, { off: [] }); switches.get(chosen).focus(); } }, t("all_on"));
  everywhere.append(allOn, h("span", { className: "soft" }, t("hint")));
  const answers = Array.from({ length: ANSWERS }, () => barRow(2));
  const verdict = h("p", { className: "verdict" });
  const parts = h("div", { role: "group", "aria-label": t("switches") }, everywhere, h("div", { className: "stage top soft" }, h("span"), h("span"), h("span", {}, t("says"))), ...stages.map((one) => one.row));

  /** The word that a head looks at most, from the word that we follow. */
  function lookedAt(tokens, weights) {
    const most = weights.indexOf(Math.max(...weights));
    return { word: most ? live.vocab[tokens[most]] : t("begin"), w: show(weights[most], 2) };
  }

  function paintSwitches(off) {
    for (const [name, button] of switches) button.setAttribute("aria-checked", !off.includes(name));
    for (let layer = 0; layer < L; layer += 1) for (let n = 0; n < H; n += 1) switches.get(`head ${layer}.${n}`).classList.toggle("idle", off.includes(`attention ${layer}`));
    allOn.disabled = !off.length;
  }

  function paintNote({ begun, more, ...reading }) {
    note.replaceChildren();
    if (reading.unknown) note.append(...unknownSaid(t, live, reading, (word) => { write(exchanged(model.get("text"), reading.unknown, word)); field.focus(); }));
    else if (begun) note.append(t("begun", { word: begun }));
    else if (more) note.append(t("long", { n: live.room }));
  }

  function paintHeads(tokens, off) {
    step.weights.forEach((heads, layer) => heads.forEach((weights, n) => {
      const name = `head ${layer}.${n}`;
      const { word, w } = lookedAt(tokens, weights);
      marks.get(name).replaceChildren(...(off.includes(name) ? [h("span", {}, t("off"))] : [h("span", { lang: "en" }, word), h("span", {}, w.replace(/^0/, ""))]));
      switches.get(name).setAttribute("aria-label", off.includes(name) ? t("head_of", { n, layer }) : t("head_looks", { n, layer, word, w }));
    }));
  }

  const nameOf = (id) => (id ? live.vocab[id] : t("end"));

  function paintStages(off, now, before) {
    stages.forEach(({ row, told, node, bars, name }, i) => {
      const { length, added, probs } = now[i];
      ranking(probs).slice(0, AT_ONCE).forEach((id, place) => bars[place].set(nameOf(id), probs[id], before[i].probs[id]));
      told.textContent = `${i ? `${t(off.includes("residual") ? "gives" : "adds")} ${show(added, 2)} · ` : ""}${t("length")} ${show(length, 2)}`;
      node.textContent = i ? (off.includes("residual") ? "=" : "+") : "";
      row.classList.toggle("without", off.includes(name));
      row.style.setProperty("--thick", `${Math.min(16, 2 + length).toFixed(1)}px`);
    });
  }

  function paintAnswers(now, before) {
    const either = now.map((p, id) => Math.max(p, before[id]));
    ranking(either).slice(0, ANSWERS).forEach((id, place) => answers[place].set(nameOf(id), now[id], before[id]));
    const [was, leads] = [ranking(before)[0], ranking(now)[0]];
    const values = { word: nameOf(was), p: percent(before[was]), q: percent(now[was]), other: nameOf(leads), r: percent(now[leads]) };
    verdict.textContent = t(!changed ? "same" : was === leads ? "changed" : "changed_first", values);
  }

  function said(name) {
    if (name === "residual" || name === "norm" || name === "embedding") return t(name);
    const [part, place] = name.split(" ");
    const [layer, n] = place.split(".");
    return part === "head" ? t("head_of", { n, layer }) : t("behind", { part: t(part), layer });
  }

  function update() {
    const [text, off] = [model.get("text"), model.get("off")];
    if (field.value !== text) { field.value = text; field.scrollTop = field.scrollHeight; }
    again.disabled = text === first;
    paintSwitches(off);
    if (!live) return;
    const reading = readWords(text, live);
    const ids = [0, ...reading.tokens.map((word) => live.ids.get(word))];
    if (offNow !== off.join()) {
      offNow = off.join();
      [changed, step] = [off.length ? live.gpt.session({ off }) : null, null];
    }
    wholeStep = readIds(whole, ids, wholeStep);
    step = changed ? readIds(changed, ids, step) : wholeStep;
    const [now, before] = [stagesOf(step, (changed ?? whole).lens), stagesOf(wholeStep, whole.lens)];
    followed.textContent = t("followed", { word: ids.length > 1 ? live.vocab[ids.at(-1)] : t("begin"), n: ids.length - 1 });
    ui.card.classList.toggle("changed", Boolean(changed));
    paintNote(reading);
    paintHeads(ids, off);
    paintStages(off, now, before);
    paintAnswers(now.at(-1).probs, before.at(-1).probs);
    listing = now.map(({ name, length, added, probs }) => [said(name), ...ranking(probs).slice(0, AT_ONCE).map((id) => `${nameOf(id)} ${percent(probs[id])}`), added === null ? "–" : show(added, 2), show(length, 2)]);
    foot.refresh();
    ui.say(t(off.length ? "live" : "live_on", { list: off.map(said).join(", "), said: verdict.textContent }));
  }

  parts.onkeydown = (event) => {
    const order = [...switches.keys()];
    if (!order.some((name) => switches.get(name) === event.target)) return;
    const place = arrowed(event, order.indexOf(chosen), order.length);
    if (place === null) return;
    choose(order[place]);
    switches.get(chosen).focus();
  };

  const call = () => `LayerStream(${[python(model.get("text").trim()), ...(model.get("off").length ? [`off=${python(model.get("off"))}`] : [])].join(", ")})`;
  const foot = below({ t, kind: "stream", call, numbers: () => [[t("after"), ...Array.from({ length: AT_ONCE }, () => t("word")), t("adds"), t("length")], listing], state: () => ({ text: model.get("text"), off: model.get("off") }) });
  ui.card.append(
    h("label", { className: "prompt" }, h("span", { className: "heading" }, t("prompt")), field),
    h("div", { className: "row under" }, again, note),
    parts,
    h("div", { className: "answer" }, h("div", { className: "bar head soft" }, h("span", { className: "heading" }, t("answer")), h("span"), h("span", {}, t("now")), h("span", {}, t("whole"))), ...answers.map((bar) => bar.el)),
    verdict, h("p", { className: "soft legend" }, h("span", { className: "key" }), t("legend")), foot.el);

  choose(chosen);
  const quiet = listen(model, ["text", "off"], update);
  if (typeof given.text === "string") change(model, { text: given.text.slice(0, 4000) });
  if (Array.isArray(given.off)) change(model, { off: names.filter((name) => given.off.includes(name)) });
  update();
  note.textContent = t("loading");
  liveModel(model, el).then((found) => { live = found; whole = live.gpt.session(); update(); ui.card.dataset.live = ""; }, () => { note.textContent = t("no_model"); });
  return () => { quiet(); ui.done(); };
}

export default { render };
