// The next-word duel: the reader guesses words of stories, and pays for surprise as the models do.

const PLAYERS = ["you", "bigram", "5-gram", "GPT", "truth"];
const SCALE = 15; // nats: the bars' axis ends at a multiple of it
const TOLD = 12; // words before the gap that a screen reader hears

/** The probability that a guess, a word and how sure, gave to the word that came. */
const givenTo = ([guessed, sure], word, V) => (guessed === word ? sure : (1 - sure) / (V - 1));

/** −log p of every word that was guessed, for each player, and the floor at each. */
function duelCosts({ rounds }, guesses, V) {
  const asked = rounds.slice(0, guesses.length);
  const costs = Object.fromEntries(PLAYERS.slice(1).map((name, i) => [name, asked.map(({ p }) => -Math.log(p[i]))]));
  return { you: asked.map(({ word }, k) => -Math.log(givenTo(guesses[k], word, V))), ...costs, floor: asked.map((one) => one.floor) };
}

const added = (list) => list.reduce((sum, x) => sum + x, 0);
const asNats = (x) => x.toFixed(2);
const asProb = (p) => (p === 1 ? "1" : p < 0.00005 ? "<0.0001" : p.toFixed(4));

function render({ model, el }) {
  const { labels, V, sure: masses } = model.get("_data");
  const t = translator(labels);
  const ui = stage(el, t("title"), CSS);
  const levels = Object.entries(masses);
  let [game, guesses, round, picked, level] = [null, [], 1, null, 0];

  const known = (seed) => model.get("_data").games.find((one) => one.seed === seed);
  const open = () => round > guesses.length;
  const asked = () => game.rounds[round - 1];

  /** The guesses of someone else, up to the first that is none. */
  function fitting({ rounds }, list) {
    const fits = (pair, i) => Array.isArray(pair) && pair.length === 2 && rounds[i]?.offered.includes(pair[0]) && levels.some(([, mass]) => mass === pair[1]);
    const wrong = list.findIndex((pair, i) => !fits(pair, i));
    return wrong < 0 ? list : list.slice(0, wrong);
  }

  const place = h("span", { className: "heading" });
  const which = h("span", { className: "soft" });
  const top = h("p", { className: "row top" }, place, which);
  const text = h("p", { className: "text", lang: "en", tabIndex: 0, role: "group", "aria-label": t("so_far") });

  /** A group of choices with one tab stop: arrows move, the space bar and a click choose, Enter confirms. */
  function choices(name, className, onPick) {
    const group = h("div", { className, role: "radiogroup", "aria-label": name });
    let at = 0;
    const go = (i) => { at = i; group.children[i].focus(); onPick(i); };
    group.onkeydown = (event) => {
      if (!open()) return;
      const to = arrowed(event, group.querySelector('[aria-checked="true"]') ? at : at - 1, group.children.length);
      if (to !== null) go(to);
      if (event.key === " " || event.key === "Enter") {
        event.preventDefault();
        go(at);
        if (event.key === "Enter" && !event.repeat) confirm();
      }
    };
    const set = (names, chosen, dress = () => ({})) => {
      while (group.children.length < names.length) {
        const i = group.children.length;
        group.append(h("div", { className: "choice", role: "radio", onclick: () => open() && go(i) }, h("span", {}), h("span", { className: "sign soft" })));
      }
      at = Math.max(0, chosen);
      [...group.children].forEach((node, i) => {
        const { state = "", sign = "", said = "" } = dress(i);
        node.className = `choice ${state}`;
        node.firstChild.textContent = names[i];
        node.lastChild.textContent = sign;
        node.tabIndex = open() && i === at ? 0 : -1;
        node.setAttribute("aria-checked", i === chosen);
        node.setAttribute("aria-disabled", !open());
        node.setAttribute("aria-label", said ? `${names[i]}: ${said}` : [names[i], sign].filter(Boolean).join(", "));
      });
    };
    return { group, set };
  }

  const words = choices(t("which"), "choices words", (i) => { picked = i; paintChoices(); });
  words.group.lang = "en";
  const sure = choices(t("how_sure"), "choices sure", (i) => { level = i; paintChoices(); });
  const main = h("button", { type: "button", className: "main", onclick: () => (open() ? confirm() : next()) });
  const again = h("button", { type: "button", onclick: () => { begin(game.seed); } }, t("restart"));
  const verdict = h("p", { className: "verdict" });
  const rows = PLAYERS.map((name) => {
    const [gave, cost, mean] = ["numbers", "numbers", "numbers mean"].map((className) => h("span", { className }));
    const track = h("div", { className: "track" }, h("div", { className: "pieces" }), h("div", { className: "floor" }));
    const row = h("div", { className: `player ${name}`, role: "img" }, h("span", { className: "name" }, t(name)), gave, cost, track, mean);
    return { name, row, gave, cost, track, mean };
  });
  const ends = [h("span"), h("span")];
  const key = h("span", { className: "floor-name numbers" });
  const end = h("div", { className: "end" });
  const source = h("p", { className: "soft source" });

  function paintChoices() {
    const { offered, word } = asked();
    const [guess, mass] = open() ? [offered[picked], levels[level][1]] : guesses[round - 1];
    const dress = (i) => {
      if (open()) return { state: i === picked ? "picked" : "" };
      if (offered[i] === word) return { state: offered[i] === guess ? "picked right" : "right", sign: t("right"), said: t(offered[i] === guess ? "is_right" : "came") };
      return offered[i] === guess ? { state: "picked wrong", sign: t("wrong"), said: t("is_wrong") } : {};
    };
    words.set(offered, offered.indexOf(guess), dress);
    const at = levels.findIndex(([, one]) => one === mass);
    sure.set(levels.map(([name]) => t(name)), at, (i) => ({ state: i === at ? "picked" : "", sign: String(levels[i][1]) }));
    main.disabled = open() && picked === null;
  }

  function paintText() {
    const { story, at, word } = asked();
    const before = game.stories[story].text.split(" ").slice(0, at).join(" ");
    const gap = open() ? h("span", { className: "gap", role: "img", "aria-label": t("gap") }, "▢") : h("b", { className: "gap" }, word);
    text.replaceChildren(`${before} `, gap);
    text.scrollTop = text.scrollHeight;
    place.textContent = t("progress", { n: round, of: game.rounds.length });
    which.textContent = t("story", { n: story + 1, of: game.stories.length });
    return before;
  }

  function paintBoard(costs) {
    const n = guesses.length;
    const totals = PLAYERS.map((name) => added(costs[name]));
    const most = SCALE * Math.max(1, Math.ceil(Math.max(...totals, added(costs.floor)) / SCALE));
    const now = open() ? null : [givenTo(guesses[round - 1], asked().word, V), ...asked().p];
    rows.forEach(({ name, row, gave, cost, track, mean }, i) => {
      const each = n ? totals[i] / n : null;
      const shown = { name: t(name), p: now && asProb(now[i]), nats: now && asNats(costs[name][round - 1]), mean: each === null ? "–" : asNats(each) };
      gave.textContent = shown.p ?? "–";
      cost.textContent = shown.nats ?? "–";
      mean.textContent = shown.mean;
      mean.dataset.nats = each ?? "";
      track.firstChild.replaceChildren(...costs[name].map((nats, k) => {
        const piece = h("i", { className: !open() && k === round - 1 ? "new" : "" });
        piece.style.width = `${(100 * nats) / most}%`;
        return piece;
      }));
      track.lastChild.style.left = `${(100 * added(costs.floor)) / most}%`;
      track.lastChild.hidden = !n;
      row.setAttribute("aria-label", t(now ? "row" : n ? "row_mean" : "row_none", shown));
    });
    ends[0].textContent = "0";
    ends[1].textContent = t("axis_end", { nats: most });
    key.textContent = t("floor_key", { mean: n ? asNats(added(costs.floor) / n) : "–" });
  }

  /** What is said at the end: everybody's mean, who was better, what was dear, and how good "nearly sure" was. */
  function paintEnd(costs) {
    const n = guesses.length;
    if (n < game.rounds.length) { end.replaceChildren(); return ""; }
    const totals = PLAYERS.map((name) => added(costs[name]));
    const [you, bigram, five, gpt, truth, floor] = [...totals, added(costs.floor)].map((nats) => asNats(nats / n));
    const behind = totals.slice(1).filter((nats) => totals[0] < nats).length;
    const dear = costs.you.indexOf(Math.max(...costs.you));
    const parts = levels.flatMap(([name, mass]) => {
      const some = guesses.flatMap(([word, one], i) => (one === mass ? [word === game.rounds[i].word] : []));
      return some.length ? [t("end_part", { name: t(name), right: some.filter(Boolean).length, of: some.length })] : [];
    });
    const lines = [
      t("end", { n, you, bigram, five, gpt, truth, floor }),
      totals[0] < totals[4] ? t("end_luck", { n }) : t("end_place", { k: PLAYERS.length - behind }),
      t("end_dear", { word: game.rounds[dear].word, nats: asNats(costs.you[dear]), total: asNats(totals[0]) }),
      t("end_sure", { list: parts.join(", ") }),
      ...(totals[0] > totals[1] ? [t("end_even", { n: V - 1 })] : []),
    ];
    end.replaceChildren(h("p", { className: "result" }, lines[0]), h("p", {}, lines.slice(1).join(" ")));
    return lines[0];
  }

  function update() {
    const found = known(model.get("seed"));
    if (!found) return; // its game is on the way
    if (found !== game || model.get("guesses").length !== guesses.length) [picked, level] = [null, 0];
    game = found;
    guesses = model.get("guesses").slice(0, game.rounds.length);
    round = Math.min(model.get("round"), guesses.length + 1, game.rounds.length);
    const costs = duelCosts(game, guesses, V);
    const before = paintText();
    paintChoices();
    paintBoard(costs);
    const ended = paintEnd(costs);
    const last = !open() && round === game.rounds.length;
    main.textContent = t(open() ? "confirm" : last ? "another" : "next");
    again.disabled = !guesses.length;
    verdict.replaceChildren();
    if (open()) {
      verdict.append(h("span", { className: "soft" }, t("rule", { n: V - 1 })));
      ui.say(t("ask", { n: round, of: game.rounds.length, text: before.split(" ").slice(-TOLD).join(" ") }));
    } else {
      const { word, p } = asked();
      const own = givenTo(guesses[round - 1], word, V);
      const told = t(guesses[round - 1][0] === word ? "told_right" : "told_wrong", { word, p: asProb(own), nats: asNats(-Math.log(own)) });
      const why = p[3] === 1 ? t("decided") : t("drawn", { p: p[3].toFixed(2) });
      verdict.append(h("b", {}, told), ` ${why}`);
      ui.say([told, why, ended].join(" "));
    }
    source.textContent = t("source", { list: game.stories.map(({ number }) => number + 1).join(", "), seed: game.seed });
    foot.refresh();
  }

  function confirm() {
    if (picked === null) return;
    change(model, { guesses: [...guesses, [asked().offered[picked], levels[level][1]]] });
    main.focus({ preventScroll: true });
  }

  function turnTo(values) {
    [picked, level] = [null, 0];
    change(model, values);
    words.group.children[0].focus({ preventScroll: true });
    top.scrollIntoView({ block: "nearest" });
  }

  const begin = (seed) => turnTo({ guesses: [], round: 1, seed });
  function next() {
    if (round < game.rounds.length) { turnTo({ round: round + 1 }); return; }
    const { games } = model.get("_data");
    begin(games[(games.indexOf(game) + 1) % games.length].seed);
  }

  const numbers = () => {
    const costs = duelCosts(game, guesses, V);
    const line = ({ word, p }, k) => [word, ...[givenTo(guesses[k], word, V), ...p].map((x, i) => `${asProb(x)} · ${asNats(costs[PLAYERS[i]][k])}`)];
    return [[t("word"), ...PLAYERS.map((name) => t(name))], game.rounds.slice(0, guesses.length).map(line)];
  };
  const call = () => {
    const usual = Math.min(guesses.length + 1, game.rounds.length);
    const given = [`seed=${game.seed}`, `rounds=${game.rounds.length}`, ...(guesses.length ? [`guesses=${python(guesses)}`] : []), ...(round === usual ? [] : [`round=${round}`])];
    return `NextWordDuel(${given.join(", ")})`;
  };
  const foot = below({ t, kind: "duel", numbers, call, state: () => ({ seed: game.seed, guesses, round }) });

  ui.card.append(
    top, text,
    h("div", { className: "ask" }, h("div", {}, h("p", { className: "heading" }, t("which")), words.group), h("div", {}, h("p", { className: "heading" }, t("how_sure")), sure.group)),
    h("div", { className: "row act" }, main, again),
    verdict,
    h("div", { className: "board" },
      h("div", { className: "player head soft", "aria-hidden": "true" }, h("span"), h("span", {}, t("gave")), h("span", {}, t("cost")), h("span", { className: "track" }, t("pieces")), h("span", {}, t("mean"))),
      ...rows.map(({ row }) => row),
      h("div", { className: "player foot soft", "aria-hidden": "true" }, h("span"), h("span"), h("span"), h("span", { className: "track numbers" }, ...ends), h("span")),
      h("p", { className: "soft key" }, h("span", { className: "mark" }), key)),
    end, source, foot.el);

  const quiet = listen(model, ["seed", "guesses", "round"], update);
  const link = fromAddress("duel");
  const dealt = known(link.seed);
  if (dealt && Array.isArray(link.guesses)) {
    const kept = fitting(dealt, link.guesses);
    const last = Math.min(kept.length + 1, dealt.rounds.length);
    change(model, { guesses: kept, round: link.round >= 1 && link.round <= last && Number.isInteger(link.round) ? link.round : last, seed: link.seed });
  }
  update();
  return () => { quiet(); ui.done(); };
}

export default { render };
