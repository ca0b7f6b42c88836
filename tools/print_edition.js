// Turns a page of the site into its print edition, and returns what is too wide for the paper. What a reader on a
// screen unfolds stands at the end, so that nobody reads an answer before the question. `parts` is what the page lacks.
(parts) => {
  const article = document.querySelector("article");
  const all = (selector, within = article) => [...within.querySelectorAll(selector)];
  const make = (tag, properties = {}, ...children) => {
    const node = Object.assign(document.createElement(tag), properties);
    node.append(...children);
    return node;
  };
  const words = (heading) => {
    const copy = heading.cloneNode(true);
    for (const mark of all(".headerlink, .report", copy)) mark.remove();
    return copy.textContent;
  };
  // A link to a place in this chapter; print_edition.py fills in the page.
  const link = (id, text) => make("a", { href: `#${id}` }, text, make("span", { className: "print-page" }));
  const note = (...children) => make("p", { className: "print-note" }, ...children);
  const part = (id, title) => {
    const section = make("section", { id }, make("h2", {}, title));
    article.append(section);
    return section;
  };

  function picturesForWidgets() {
    all("figure.lm-widget").forEach((figure, i) => {
      figure.innerHTML = parts.pictures[i];
      figure.append(make("figcaption", {}, "On the site this figure is interactive."));
    });
  }

  // Predict and the quiz: the choices stay with their question, the replies go to the end.
  function repliesLast() {
    const section = part("print-replies", "Replies to the questions");
    for (const card of all(".question")) {
      const number = section.children.length;
      const box = article.querySelector(`.replies[data-question="${card.id}"]`);
      const choices = card.querySelector("ol.question-choices");
      const said = all("details", box).map((fold) => make("li", {}, ...[...fold.children].slice(1)));
      choices.id = `print-question-${number}`;
      const id = `print-reply-${number}`;
      choices.after(note("The replies are under ", link(id, `Question ${number}`), "."));
      const title = make("p", {}, link(choices.id, `Question ${number}`));
      section.append(make("div", { className: "print-reply", id }, title, make("ol", {}, ...said)));
      box.remove();
    }
  }

  // A check is pages of examples, for a machine that runs them.
  function solutionsLast() {
    all(".work, .work-bar").forEach((place) => place.remove());
    const section = part("print-solutions", "Solutions");
    all(".cell.tag_exercise-solution").forEach((cell, i) => {
      const exercise = cell.previousElementSibling;
      const check = cell.nextElementSibling;
      if (check?.matches(".tag_exercise-check")) check.remove();
      const id = `print-solution-${i + 1}`;
      const name = exercise.querySelector(".caption-number").textContent.trim();
      exercise.after(note("Solution: ", link(id, name), "."));
      section.append(make("div", { className: "print-code", id }, make("p", {}, link(exercise.id, name)), cell));
    });
  }

  function foldedCodeLast() {
    const section = part("print-code", "Folded code");
    for (const box of all(".cell.tag_hide-input > details.hide")) {
      if (box.closest("#print-solutions")) continue;
      const number = section.children.length;
      const id = `print-code-${number}`;
      const here = note("The code of this cell: ", link(id, `Code ${number}`), ".");
      here.id = `print-place-${number}`;
      const title = make("p", {}, link(here.id, `Code ${number}`));
      section.append(make("div", { className: "print-code", id }, title, ...all(".cell_input", box)));
      box.replaceWith(here);
    }
  }

  // The address of a link to another site, unless its text says it.
  function addresses() {
    for (const a of all("a.reference.external")) {
      if (!a.href.includes(a.textContent.replace(/^(doi|arXiv):/, ""))) a.append(` (${a.href})`);
    }
  }

  // Links to other pages would lead nowhere from paper; a formula of another chapter is told by its chapter, and
  // the works that are cited are listed.
  function otherPages() {
    const cited = new Set();
    for (const a of all("a.reference.internal:not([href^='#'])")) {
      const [, page, anchor] = /([\w-]+)\.html#?(.*)$/.exec(a.getAttribute("href")) ?? [];
      if (page === "references") cited.add(anchor);
      const chapter = anchor?.startsWith("equation") ? [` in the chapter on ${page.replaceAll("_", " ")}`] : [];
      a.replaceWith(...a.childNodes, ...chapter);
    }
    const section = part("print-references", "References");
    section.className = "print-references";
    for (const [id, html] of parts.references) if (cited.has(id)) section.insertAdjacentHTML("beforeend", html);
  }

  function contents() {
    for (const section of all("section[id^='print-']")) if (section.children.length === 1) section.remove();
    const entries = all("h2").map((heading) =>
      make("li", {}, make("a", { href: `#${heading.closest("section").id}` }, words(heading))));
    if (entries.length < 3) return;
    article.querySelector("h1").after(make("nav", { className: "print-contents" }, make("ol", {}, ...entries)));
  }

  function runningTitles() {
    const title = words(article.querySelector("h1"));
    document.head.append(make("style", {}, `@page {
      @top-left { content: ${JSON.stringify(parts.book)}; font: 9pt sans-serif; }
      @top-right { content: ${JSON.stringify(title)}; font: 9pt sans-serif; }
    }
    @page :first { @top-right { content: none; } }`));
  }

  // Each line of code is a block, so that one that goes on in the next can say so.
  function codeLines() {
    for (const pre of all("pre")) {
      const lines = pre.innerHTML.replace(/\n$/, "").split("\n");
      pre.innerHTML = lines.map((line) => `<span class="line">${line}</span>`).join("");
      pre.classList.toggle("short", lines.length <= 12);
    }
    for (const line of all("pre .line")) {
      const height = parseFloat(getComputedStyle(line).lineHeight);
      if (line.offsetHeight < 1.5 * height) continue;
      line.classList.add("wrapped");
      line.dataset.arrows = "↪\n".repeat(Math.round(line.offsetHeight / height) - 1).trimEnd();
    }
  }

  const room = article.getBoundingClientRect().right;

  // Wide tables and formulas are set smaller until they fit.
  function tablesAndFormulas() {
    for (const table of all("table")) table.classList.toggle("short", table.rows.length <= 20);
    for (const cell of all("td")) {
      if (/^[\d\s.,:%±…−-]+$/.test(cell.textContent)) cell.style.whiteSpace = "nowrap";
    }
    const end = (box) => Math.max(...[box, ...all("*", box)].map((node) => node.getBoundingClientRect().right));
    for (const box of all("table, div.math > .katex-display")) {
      for (let size = 95; end(box) > room + 0.5 && size >= 60; size -= 5) box.style.fontSize = `${size}%`;
    }
  }

  // The box of an element, and the text in it, may reach beyond the margin.
  function tooWide() {
    const range = document.createRange();
    const right = (node) => {
      range.selectNodeContents(node);
      const text = node.closest(".katex") ? 0 : range.getBoundingClientRect().right;
      return Math.max(text, node.getBoundingClientRect().right);
    };
    const found = all("*").filter((node) => right(node) > room + 1);
    const innermost = found.filter((node) => !found.some((other) => other !== node && node.contains(other)));
    return innermost.map((node) => `<${node.localName}> ${node.textContent.trim().slice(0, 60)}`);
  }

  picturesForWidgets();
  repliesLast();
  solutionsLast();
  foldedCodeLast();
  otherPages();
  addresses();
  contents();
  runningTitles();
  for (const fold of all("details")) fold.open = true;
  codeLines();
  // Of a formula counts what is drawn: not its form for screen readers, and no root sign beyond where it is clipped.
  const unseen = make("style", {}, ".katex-mathml, .katex svg { display: none !important }");
  document.head.append(unseen);
  tablesAndFormulas();
  const found = tooWide();
  unseen.remove();
  return found;
}
