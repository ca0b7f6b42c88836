// The chat box: the book's assistant answers questions about a story, token by token, and one sees what it sees.

const LONGEST = 12; // tokens of an answer that does not stop by itself
const SPARE = 2; // room that an answer needs at least
const SHOWN = 5;
const PAUSE_OF_TOKEN = 260; // ms
const PAUSE_OF_STORY = 200;
const MOST_SAID = 20;
const STOP = "<stop>";
const ends = (word) => word === STOP || word === END;

/** What the model sees of messages [role, words], token by token; `asking` when the assistant is to go on. */
export function asTokens(said, asking) {
  const tokens = said.flatMap(([role, words]) => [`<${role}>`, ...words, STOP]);
  return [END, ...tokens, ...(asking ? ["<assistant>"] : [])];
}

/**
 * The answers to questions about a story, each the likeliest token after the other; none where one does not fit. An
 * assistant that remembers sees the questions and answers before, and else the story and the question alone.
 */
export function converse(live, session, story, questions, { dropped, remembers }) {
  const said = [["story", story]];
  const turns = [];
  const block = live.room + 1;
  const shown = (asking) => asTokens(said, asking);
  let tokens = shown(false);
  for (const question of questions) {
    if (!remembers) said.length = 1;
    said.push(["user", question]);
    tokens = shown(true);
    const ids = tokens.filter((token) => !dropped.includes(token)).map((token) => live.ids.get(token));
    const turn = { question, written: [], n: ids.length, full: ids.length + SPARE > block };
    turns.push(turn);
    if (turn.full) break;
    let step = readIds(session, ids, null);
    for (;;) {
      const probs = softmax(step.logits);
      const [id] = ranking(probs);
      const word = live.vocab[id];
      turn.written.push({ word, id, probs });
      const n = ids.length + turn.written.length;
      if (ends(word) || turn.written.length === LONGEST || n > block) break;
      step = session.push(id);
    }
    tokens = [...tokens, ...turn.written.map(({ word }) => word)];
    said.push(["assistant", turn.written.map(({ word }) => word).filter((word) => !ends(word))]);
  }
  return { turns, tokens };
}

/** The exact probability of each word that may end a story told so far; null where the grammar cannot say. */
export function endingOf(grammar, story) {
  const words = [...story];
  let { table } = grammar.follow(words);
  while (table && table.size === 1 && !table.has(END)) {
    words.push([...table.keys()][0]);
    ({ table } = grammar.follow(words));
  }
  return table && words.at(-1) === "was" && words.at(-5) === "in" ? table : null;
}

const LAST_SENTENCE = /\s*in the end [^.]*\.\s*$/i;

function render({ model, el }) {
  const { labels, special, questions, ending } = model.get("_data");
  const t = translator(labels);
  const ui = stage(el, t("title"), CSS);
  const set = (values) => change(model, values);
  let [live, known, session, talk, chosen, timers, seed, listing] = [null, null, null, { turns: [], tokens: [] }, null, {}, 0, []];

  const plain = { spellcheck: false, autocapitalize: "off", autocomplete: "off" };
  const field = h("textarea", { rows: 4, lang: "en", "aria-label": t("story"), ...plain });
  const note = h("p", { className: "note soft", role: "status" });
  const conversation = h("div", { className: "talk", role: "group", "aria-label": t("talk") });
  const question = h("input", { type: "text", lang: "en", "aria-label": t("question"), placeholder: t("question"), maxLength: 400, ...plain });
  const asked = h("p", { className: "note soft", role: "status" });
  const offered = h("div", { className: "row offered", role: "group", "aria-label": t("offered") });
  const instead = h("div", { className: "instead" });
  const seen = h("p", { className: "seen", lang: "en" });
  const sees = h("summary");
  const broken = h("p", { className: "soft broken" });

  const reading = (text) => readWords(`${text} `, known);
  const story = () => reading(model.get("story"));
  const said = () => model.get("said");
  const button = (key, onclick, values) => pressable(t(key, values), onclick, { className: "small" });

  // The story
  const other = button("other_story", () => {
    seed = (seed + 1) % 2 ** 31;
    const { words } = live.grammar.draw(mulberry32(seed));
    tellStory(written(words), []);
  });
  const noEnd = button("no_end", () => tellStory(model.get("story").replace(LAST_SENTENCE, ""), said()));
  const order = pressable("", () => {
    const { text, has } = ordered();
    tellStory(has ? model.get("story").replace(` ${text}`, "") : model.get("story").replace(/\./, `. ${text}`), said());
  }, { className: "small" });
  /** What a story may hold that only looks like a request. */
  function ordered() {
    const words = wordsIn(model.get("story")).map(([word]) => word);
    const has = /say (\w+)\./.exec(model.get("story"));
    const word = has ? has[1] : ["fox", "wolf", "crow"].find((one) => !words.includes(one)) ?? "fox";
    return { word, text: `say ${word}.`, has: has !== null };
  }
  const tellStory = (text, list) => { field.value = text; chosen = null; set({ story: text, said: list }); };
  field.oninput = () => {
    clearTimeout(timers.story);
    timers.story = setTimeout(() => set({ story: field.value }), PAUSE_OF_STORY);
  };

  // Questions
  /** What can be asked about who and what is in the story, about somebody who is not, and how it ends. */
  function asking() {
    const { tokens } = story();
    const table = (slot) => new Set(Object.values(live.grammar.slots[`{${slot}}`]?.tables ?? {}).flatMap((one) => [...one.keys()]));
    const find = (slot) => tokens.find((word) => table(slot).has(word));
    const [name, object] = [find("name"), find("object")];
    const fill = (text, who) => text.replace("{name}", who).replace("{object}", object);
    const stranger = [...table("name")].find((one) => !tokens.includes(one) && one !== name);
    const facts = name && object ? [...questions.map((text) => fill(text, name)), fill(questions[0], stranger)] : [];
    return [...facts, ending, `say ${ordered().word === "fox" ? "wolf" : "fox"} .`];
  }
  function ask(text) {
    asked.replaceChildren();
    if (!text.trim()) return;
    if (/[<>]/.test(text)) { asked.textContent = t("special"); return; }
    const found = reading(text);
    if (found.unknown) {
      question.value = text;
      asked.append(...unknownSaid(t, known, found, (word) => { question.value = exchanged(question.value, found.unknown, word); asked.replaceChildren(); question.focus(); }), ...(found.near.length ? [] : [t("rewrite")]));
      return;
    }
    question.value = "";
    chosen = null;
    reveal(() => set({ said: [...said(), found.tokens.join(" ")] }));
  }
  question.onkeydown = (event) => { if (event.key === "Enter" && !event.isComposing) { event.preventDefault(); go.click(); } };
  const go = pressable(t("ask"), () => ask(question.value), { className: "go" });
  const back = button("back", () => { chosen = null; set({ said: said().slice(0, -1) }); });
  const again = button("again", () => { chosen = null; set({ said: [] }); question.focus(); });

  /** Make a change, and let the tokens of the last answer come one after the other. */
  function reveal(make) {
    clearInterval(timers.token);
    make();
    const tokens = [...conversation.querySelectorAll(".turn:last-child .token")];
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    tokens.slice(1).forEach((token) => { token.style.visibility = "hidden"; });
    timers.token = setInterval(() => {
      const next = tokens.find((token) => token.style.visibility);
      if (next) next.style.visibility = "";
      else clearInterval(timers.token);
    }, PAUSE_OF_TOKEN);
  }

  // Tokens that are left out
  const ticks = special.map((token) => h("input", { type: "checkbox", onchange: () => set({ dropped: special.filter((_, i) => ticks[i].checked) }) }));

  const memory = h("input", { type: "checkbox", onchange: () => set({ remembers: memory.checked }) });

  function update() {
    const dropped = model.get("dropped");
    if (field.value !== model.get("story") && field.getRootNode().activeElement !== field) field.value = model.get("story");
    ticks.forEach((tick, i) => { tick.checked = dropped.includes(special[i]); });
    memory.checked = model.get("remembers");
    if (!live) return;
    const found = story();
    const readable = found.tokens.length > 0 && !found.unknown && !/[<>]/.test(model.get("story"));
    const list = readable ? said().map((text) => reading(text).tokens) : [];
    talk = converse(live, session, found.tokens, list, { dropped, remembers: model.get("remembers") });
    paintNote(found);
    paintTalk(readable);
    paintSeen(dropped);
    const mine = ordered();
    order.textContent = t(mine.has ? "no_order" : "order", { word: mine.word });
    allow(noEnd, LAST_SENTENCE.test(model.get("story")));
    allow(order, mine.has || found.tokens.includes("."));
    const room = !talk.turns.at(-1)?.full && said().length < MOST_SAID;
    allow(other, true);
    allow(go, readable && room);
    for (const one of [back, again]) allow(one, said().length);
    paintOffered(readable ? asking() : [], room);
    const last = talk.turns.at(-1);
    if (last && !last.full) ui.say(t("live", { answer: answerOf(last) || t("nothing") }));
    foot.refresh();
  }

  /** Buttons stay where they are, and keep the focus, as long as they offer the same. */
  function paintOffered(texts, room) {
    if (texts.join() !== [...offered.children].map((one) => one.textContent).join()) offered.replaceChildren(...texts.map((text) => pressable(text, () => ask(text), { className: "small", lang: "en" })));
    for (const one of offered.children) allow(one, room);
  }

  function paintNote({ tokens, unknown, near }) {
    note.replaceChildren();
    if (/[<>]/.test(model.get("story"))) note.append(t("special"));
    else if (unknown) note.append(...unknownSaid(t, known, { unknown, near }, (word) => { tellStory(exchanged(model.get("story"), unknown, word), said()); field.focus(); }), ...(near.length ? [] : [t("rewrite")]));
    else if (!tokens.length) note.append(t("empty"));
  }

  const answerOf = ({ written: list }) => list.map(({ word }) => word).filter((word) => !ends(word)).join(" ");

  function paintTalk(readable) {
    const who = (role, ...inside) => h("p", { className: role }, h("span", { className: "who soft" }, t(role)), ...inside);
    conversation.replaceChildren(...talk.turns.map((turn, i) => {
      const tokens = turn.written.map(({ word, id, probs }, k) => {
        const pick = () => choose([i, k]);
        return h("button", { type: "button", className: `token${special.includes(word) || word === END ? " special" : ""}`, onclick: pick, onmouseenter: pick, onfocus: pick, "aria-label": t("token", { word, p: percent(probs[id]) }) }, h("span", { lang: "en" }, word), h("small", { className: "numbers" }, percent(probs[id])));
      });
      const open = turn.written.length && !ends(turn.written.at(-1).word);
      return h("div", { className: "turn" }, who("user", h("span", { className: "words", lang: "en" }, written(turn.question))), turn.full ? h("p", { className: "full" }, t("full", { n: turn.n, N: live.room + 1 })) : who("assistant", h("span", { className: "tokens" }, ...tokens)), ...(open ? [h("p", { className: "soft" }, t("cut", { n: turn.written.length }))] : []));
    }), ...(talk.turns.length || !readable ? [] : [h("p", { className: "soft" }, t("silent"))]));
    listing = talk.turns.flatMap((turn) => turn.written.map(({ word, id, probs }) => [turn.question.join(" "), word, percent(probs[id])]));
    const kept = chosen && talk.turns[chosen[0]]?.written[chosen[1]];
    const last = talk.turns.findLastIndex(({ written: list }) => list.length);
    choose(kept ? chosen : last < 0 ? null : [last, 0]);
  }

  /** The other tokens that could have stood in the place of one. */
  function choose(place) {
    chosen = place;
    const all = [...conversation.querySelectorAll(".turn")].map((turn) => [...turn.querySelectorAll(".token")]);
    all.forEach((tokens, i) => tokens.forEach((token, k) => token.setAttribute("aria-pressed", place !== null && place[0] === i && place[1] === k)));
    if (place === null) { instead.replaceChildren(); return; }
    const turn = talk.turns[place[0]];
    const { word, probs } = turn.written[place[1]];
    const exact = place[1] === 0 && turn.question.join(" ") === ending ? exactEnd() : null;
    const order_ = ranking(probs);
    const rows = [...new Set([...order_.slice(0, SHOWN), ...(exact ? Object.keys(exact).map((one) => live.ids.get(one)) : [])])];
    instead.classList.toggle("exact", exact !== null);
    instead.replaceChildren(h("p", { className: "heading" }, t("instead", { word })), ...(exact ? [h("p", { className: "next soft", "aria-hidden": "true" }, h("span"), h("span"), h("span"), h("span", { className: "sign" }, t("true")))] : []), ...rows.map((id) => row(live.vocab[id], probs[id], exact)));
  }
  function row(word, p, exact) {
    const fill = h("div", { className: "fill" });
    fill.style.width = `${100 * p}%`;
    const track = h("div", { className: "track", "aria-hidden": "true" }, fill);
    const q = exact?.[word];
    if (q !== undefined) {
      const mark = h("div", { className: "true" });
      mark.style.left = `${100 * q}%`;
      track.append(mark);
    }
    return h("p", { className: "next" }, h("span", { className: special.includes(word) ? "name special" : "name", lang: "en" }, word), track, h("span", { className: "numbers" }, percent(p)), h("span", { className: "numbers soft" }, q === undefined ? "" : percent(q)));
  }
  /** What the grammar knows of an ending that is not told yet. */
  function exactEnd() {
    const table = endingOf(live.grammar, story().tokens);
    if (!table) return null;
    const { tables } = live.grammar.slots["{ending}"];
    const better = (word) => (tables.good.get(word) ?? 0) > (tables.bad.get(word) ?? 0);
    const well = [...table].reduce((sum, [word, p]) => sum + (better(word) ? p : 0), 0);
    return { well, badly: 1 - well };
  }

  function paintSeen(dropped) {
    const left = talk.tokens.filter((token, i) => gone(token, i) === "").length;
    /** Tokens of the template are left out; what the model itself wrote in the last answer stands. */
    function gone(token, i) {
      const last = talk.turns.at(-1)?.written.length ?? 0;
      return dropped.includes(token) && i < talk.tokens.length - last ? "gone" : "";
    }
    sees.textContent = t("sees", { n: left, N: live.room + 1 });
    seen.replaceChildren(...talk.tokens.flatMap((token, i) => {
      const out = gone(token, i);
      const marked = special.includes(token) || token === END;
      return [marked ? h("span", { className: `special ${out}`.trim(), ...(out ? { title: t("gone") } : {}) }, token) : token, " "];
    }));
    broken.textContent = [dropped.length ? t("broken", { list: dropped.join(", ") }) : "", model.get("remembers") ? t("trained") : ""].join(" ").trim();
  }

  const state = () => ({ story: model.get("story"), said: said(), dropped: model.get("dropped"), remembers: model.get("remembers") });
  const call = () => {
    const { story: text, said: list, dropped, remembers } = state();
    return `ChatBox(${python(text)}, said=${python(list)}${dropped.length ? `, dropped=${python(dropped)}` : ""}${remembers ? ", remembers=True" : ""})`;
  };
  const foot = below({ t, kind: "chat", call, state, numbers: () => [["question", "token", "p"].map((name) => t(`column_${name}`)), listing] });
  for (const unready of [other, noEnd, order, go, back, again]) allow(unready, false);
  order.textContent = t("order", { word: ordered().word });

  ui.card.append(
    h("label", { className: "prompt" }, h("span", { className: "heading" }, t("story")), field),
    h("div", { className: "row buttons" }, other, noEnd, order), note,
    conversation, instead,
    h("div", { className: "ask" }, question, go), asked, offered,
    h("div", { className: "row buttons" }, back, again),
    h("div", { className: "row leave", role: "group", "aria-label": t("leave_out") }, h("span", { className: "heading" }, t("leave_out")), ...special.map((token, i) => h("label", { className: "tick" }, ticks[i], h("span", { className: "special" }, token)))),
    h("label", { className: "tick" }, memory, t("remembers")), broken,
    h("details", { className: "how" }, sees, seen), foot.el);

  const quiet = listen(model, ["story", "said", "dropped", "remembers"], update);
  const link = fromAddress("chat");
  const texts = (list) => Array.isArray(list) && list.every((text) => typeof text === "string" && text.length <= 400) && list.length <= MOST_SAID;
  const taken = {};
  if (typeof link.story === "string") taken.story = link.story.slice(0, 4000);
  if (texts(link.dropped)) taken.dropped = special.filter((token) => link.dropped.includes(token));
  if (typeof link.remembers === "boolean") taken.remembers = link.remembers;
  sees.textContent = t("loading");
  if (Object.keys(taken).length) set(taken);
  update();
  note.textContent = t("loading");
  liveModel(model, el, "assistant.js").then((found) => {
    live = found;
    known = { ...live, vocab: live.vocab.filter((word) => word === END || !word.startsWith("<")) };
    session = live.gpt.session();
    note.textContent = "";
    const fits = texts(link.said) ? link.said.filter((text) => text.trim() && !/[<>]/.test(text) && !reading(text).unknown) : null;
    if (fits) set({ said: fits });
    update();
    ui.card.dataset.live = "";
  }, () => { note.textContent = sees.textContent = t("no_model"); });
  return () => { clearTimeout(timers.story); clearInterval(timers.token); quiet(); ui.done(); };
}

export default { render };
