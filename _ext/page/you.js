// What a reader did, from what this browser keeps: how often they were right, how sure they were, what that costs in nats,
// what to look at again, and how far they are. Entries are read as data: all words get into the page as text.
addEventListener("DOMContentLoaded", () => {
  const { bookYou: about, bookKeep: keep, bookHelp: help } = window;
  const { make, fill, percent, cost } = help;
  const { words } = about;
  const FIRST = 8; // wrong answers that are listed at once
  const root = document.getElementById("book-you");
  const drawn = (tag, attributes, ...children) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...children);
    return node;
  };
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const table = (heads, rows) => make("table", {},
    make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, head)))),
    make("tbody", {}, ...rows.map((row) => make("tr", {}, ...row.map((cell) => make("td", {}, cell))))));

  /** Answers by how sure the reader said to be. */
  function levels(answers) {
    const found = new Map();
    for (const answer of answers) {
      const level = Math.round(100 * answer.sure);
      found.set(level, [...(found.get(level) ?? []), answer]);
    }
    return [...found].sort(([a], [b]) => a - b).map(([, group]) => ({
      n: group.length, sure: mean(group.map(({ sure }) => sure)), right: mean(group.map(({ right }) => Number(right))),
    }));
  }

  function curve(points) {
    const side = 300, left = 66, top = 12, bottom = 46;
    const x = (share) => left + side * share, y = (share) => top + side * (1 - share);
    const ticks = [0, 0.25, 0.5, 0.75, 1];
    const most = Math.max(...points.map(({ n }) => n));
    return drawn("svg", { class: "you-curve", viewBox: `0 0 ${left + side + 24} ${top + side + bottom}`, role: "img", "aria-label": words.curve },
      drawn("rect", { class: "frame", x: left, y: top, width: side, height: side }),
      drawn("line", { class: "diagonal", x1: x(0), y1: y(0), x2: x(1), y2: y(1) }),
      drawn("text", { x: x(0.04), y: y(0.1), transform: `rotate(-45 ${x(0.04)} ${y(0.1)})` }, words.diagonal),
      ...ticks.map((tick) => drawn("text", { x: x(tick), y: top + side + 16, "text-anchor": "middle" }, percent(tick))),
      ...ticks.map((tick) => drawn("text", { x: left - 6, y: y(tick) + 4, "text-anchor": "end" }, percent(tick))),
      drawn("text", { x: x(0.5), y: top + side + 36, "text-anchor": "middle" }, words.sureAxis),
      drawn("text", { x: 12, y: y(0.5), "text-anchor": "middle", transform: `rotate(-90 12 ${y(0.5)})` }, words.rightAxis),
      drawn("polyline", { class: "line", points: points.map(({ sure, right }) => `${x(sure)},${y(right)}`).join(" ") }),
      ...points.map(({ n, sure, right }) => drawn("circle", { class: "dot", cx: x(sure), cy: y(right), r: 4 + 5 * Math.sqrt(n / most) })),
    );
  }

  function verdict(answers) {
    const gap = mean(answers.map(({ sure, right }) => sure - Number(right)));
    // Two standard errors of a reader who is exactly as sure as right.
    const chance = 2 * Math.sqrt(mean(answers.map(({ sure }) => sure * (1 - sure))) / answers.length);
    return fill(gap > chance ? words.overconfident : gap < -chance ? words.underconfident : words.calibrated, { chance: percent(chance) });
  }

  function show() {
    const { entries, strange } = keep.all();
    const parts = [];
    const answers = [], wrong = [], rows = [];
    let changed = 0;
    const known = new Set();
    for (const { page, topic, title, questions, exercises } of about.chapters) {
      const own = questions.map(([id, asked, html]) => ({ id, asked, html, name: `prediction/${topic}/${id}` }));
      let right = 0, answered = 0;
      for (const { id, asked, html, name } of own) {
        const entry = entries[name];
        if (!entry || entry.asked !== asked) continue;
        known.add(name);
        answered += 1;
        right += Number(entry.right);
        if (!entry.right) wrong.push({ ...entry, html, title, address: `${page}.html#${id}` });
      }
      const names = Object.keys(exercises).filter((name) => exercises[name]); // that a page can run
      const solved = names.filter((name) => entries[`exercise/${topic}/${name}`]?.solved).length;
      rows.push([make("a", { href: `${page}.html` }, title), questions.length ? `${right} / ${answered} / ${questions.length}` : "", names.length ? `${solved} / ${names.length}` : ""]);
    }
    for (const [name, entry] of Object.entries(entries)) {
      if (!name.startsWith("prediction/")) continue;
      answers.push(entry);
      changed += Number(!known.has(name));
    }
    if (keep.trouble) parts.push(make("p", { className: "you-trouble" }, words[keep.trouble]));
    if (strange) parts.push(make("p", {}, fill(words.strange, { n: strange })));
    if (changed) parts.push(make("p", {}, fill(words.changed, { n: changed })));
    if (!answers.length) parts.push(make("p", {}, words.none));
    else {
      const loss = mean(answers.map(cost)), guess = mean(answers.map(({ choices }) => Math.log(choices)));
      const points = levels(answers);
      parts.push(
        make("p", { className: "you-figures" },
          `${fill(words.figures, { n: answers.length, right: answers.filter(({ right }) => right).length, sure: percent(mean(answers.map(({ sure }) => sure))) })} `,
          fill(words.loss, { loss: loss.toFixed(2), perplexity: Math.exp(loss).toFixed(2), guess: guess.toFixed(2) })),
        make("p", {}, verdict(answers)),
        make("p", { className: "rubric" }, words.curve),
        curve(points),
        table([words.sure, words.answers, words.rightShare], points.map(({ n, sure, right }) => [percent(sure), String(n), percent(right)])),
        make("p", { className: "rubric" }, words.again),
      );
      const listed = wrong.sort((a, b) => b.sure - a.sure).map(({ address, html, title, sure }) => make("li", {},
        // Of the book's own pages, and so with its formulas; all else on this page is text.
        make("a", { href: address, innerHTML: html }), ` (${title}; ${fill(words.surely, { sure: percent(sure) })})`));
      const more = listed.splice(FIRST);
      parts.push(listed.length ? make("ul", {}, ...listed) : make("p", {}, words.allRight));
      if (more.length) parts.push(make("details", {}, make("summary", {}, fill(words.more, { n: more.length })), make("ul", {}, ...more)));
    }
    parts.push(make("p", { className: "rubric" }, words.chapters), table([words.chapter, words.questions, words.exercises], rows));
    content.replaceChildren(...parts);
    const own = help.gptParts(about.road);
    partsButton.hidden = !own.length;
    partsButton.textContent = fill(words.parts, { own: own.length, all: about.road.length });
  }

  const content = make("div");
  const said = make("p");
  said.setAttribute("role", "status");
  const button = (text, act, properties = {}) => {
    const node = make("button", { type: "button", ...properties }, text);
    node.addEventListener("click", act);
    return node;
  };
  const partsButton = button("", () => help.takeGpt(about.road, about.head));
  const file = make("input", { type: "file", accept: ".json,application/json" });
  file.addEventListener("change", async () => {
    const [chosen] = file.files;
    if (!chosen) return;
    const taken = chosen.size < 20e6 ? keep.take(await chosen.text()) : null;
    said.textContent = taken ? fill(words.brought, taken) : words.noCopy;
    file.value = "";
    show();
  });
  let isSure = false;
  const erase = button(words.erase, () => {
    if (isSure) {
      keep.erase();
      said.textContent = words.erased;
      show();
    }
    isSure = !isSure;
    erase.textContent = isSure ? words.sureErase : words.erase;
  }, { className: "danger" });
  erase.addEventListener("blur", () => {
    isSure = false;
    erase.textContent = words.erase;
  });
  root.replaceChildren(content, make("div", { className: "you-files" },
    button(words.take, () => help.download("language-models-and-me.json", "application/json", keep.written())),
    make("label", {}, words.bring, file), partsButton, erase), said);
  keep.watch(show);
  show();
});
