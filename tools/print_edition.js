// Turns a page of the site into its print edition. Called once with pictures and references that the page lacks.
// What a reader on a screen unfolds stands at the end, so that nobody reads an answer before the question.
({ book, pictures, references }) => {
  const article = document.querySelector("article");
  const all = (selector, within = article) => [...within.querySelectorAll(selector)];
  const make = (tag, properties = {}, ...children) => {
    const node = Object.assign(document.createElement(tag), properties);
    node.append(...children);
    return node;
  };
  const link = (id, text) => make("a", { href: `#${id}` }, text, make("span", { className: "print-page" }));
  const note = (...children) => make("p", { className: "print-note" }, ...children);
  const part = (id, title) => {
    const section = make("section", { id }, make("h2", {}, title));
    article.append(section);
    return section;
  };

  // Widgets: the picture that the page shows where scripts do not run.
  all("figure.lm-widget").forEach((figure, i) => {
    figure.innerHTML = pictures[i];
    figure.append(make("figcaption", {}, "On the site this figure is interactive."));
  });

  // Predict: the choices stay with their question, the replies go to the end.
  const replies = part("print-replies", "Replies to the predictions");
  all("details.answer").forEach((first) => {
    if (!first.isConnected) return; // it was dealt with beside its neighbour
    const number = all(".print-reply", replies).length + 1;
    const choices = make("ol", { className: "print-choices", id: `print-question-${number}` });
    const answers = make("ol");
    first.before(choices);
    for (let box = first, next; box?.matches("details.answer"); box = next) {
      next = box.nextElementSibling;
      const summary = box.querySelector("summary");
      choices.append(make("li", {}, ...summary.childNodes));
      summary.remove();
      answers.append(make("li", {}, ...box.childNodes));
      box.remove();
    }
    const id = `print-reply-${number}`;
    choices.after(note("The replies are under ", link(id, `Prediction ${number}`), "."));
    const title = make("p", {}, link(`print-question-${number}`, `Prediction ${number}`));
    replies.append(make("div", { className: "print-reply", id }, title, answers));
  });

  // Folded code: solutions with their checks, and what draws the figures.
  const solutions = part("print-solutions", "Solutions and checks");
  all(".cell.tag_exercise-solution").forEach((cell, i) => {
    const exercise = cell.previousElementSibling;
    const check = cell.nextElementSibling;
    const id = `print-solution-${i + 1}`;
    const name = exercise.querySelector(".caption-number").textContent.trim();
    exercise.after(note("Solution and check: ", link(id, name), "."));
    solutions.append(make("div", { className: "print-code", id }, make("p", {}, link(exercise.id, name)), cell));
    if (check?.matches(".tag_exercise-check")) solutions.lastChild.append(make("p", {}, "The check:"), check);
  });
  const folded = part("print-code", "Folded code");
  all(".cell.tag_hide-input > details.hide").forEach((box) => {
    if (solutions.contains(box)) return;
    const number = folded.children.length;
    const id = `print-code-${number}`;
    box.before(make("p", { className: "print-note", id: `print-place-${number}` }, "The code of this cell: ", link(id, `Code ${number}`), "."));
    const title = make("p", {}, link(`print-place-${number}`, `Code ${number}`));
    folded.append(make("div", { className: "print-code", id }, title, ...all(".cell_input", box)));
    box.remove();
  });

  // The address of a link, unless its text says it.
  for (const a of all("a.reference.external")) {
    if (!a.href.includes(a.textContent.replace(/^(doi|arXiv):/, ""))) a.append(` (${a.href})`);
  }

  // Links to other pages would lead nowhere from paper; a formula of another chapter is told by its name.
  const cited = new Set();
  for (const a of all("a.reference.internal")) {
    const href = a.getAttribute("href");
    if (href.startsWith("#")) continue;
    const key = /references\.html#(.+)$/.exec(href)?.[1];
    if (key) cited.add(key);
    const chapter = /([\w-]+)\.html#equation/.exec(href)?.[1];
    a.replaceWith(...a.childNodes, ...(chapter ? [` in the chapter on ${chapter.replace(/_/g, " ")}`] : []));
  }
  const listed = references.filter(([id]) => cited.has(id));
  const list = part("print-references", "References");
  list.classList.add("print-references");
  for (const [, html] of listed) list.insertAdjacentHTML("beforeend", html);

  const title = article.querySelector("h1").cloneNode(true);
  for (const mark of all(".headerlink", title)) mark.remove();
  for (const section of [replies, solutions, folded, list]) {
    if (section.children.length === 1) section.remove();
  }
  for (const fold of all("details")) fold.open = true;

  const headings = all("h2").map((heading) => {
    const text = heading.cloneNode(true);
    for (const mark of all(".headerlink", text)) mark.remove();
    return make("li", {}, make("a", { href: `#${heading.closest("section").id}` }, text.textContent));
  });
  if (headings.length > 2) {
    article.querySelector("h1").after(make("nav", { className: "print-contents" }, make("ol", {}, ...headings)));
  }

  const quoted = (text) => JSON.stringify(text);
  document.head.append(make("style", {}, `@page { @top-left { content: ${quoted(book)}; font: 9pt sans-serif; }
    @top-right { content: ${quoted(title.textContent)}; font: 9pt sans-serif; } }
    @page :first { @top-right { content: none; } }`));

  // Lines of code, each a block, so that one that wraps can say so.
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
  for (const cell of all("td")) {
    if (/^[\d\s.,:%±…−-]+$/.test(cell.textContent)) cell.style.whiteSpace = "nowrap";
  }
  for (const table of all("table")) table.classList.toggle("short", table.rows.length <= 20);

  // Wide tables and formulas are set smaller until they fit.
  const room = article.getBoundingClientRect().right;
  const end = (box) => Math.max(...[box, ...all("*", box)].map((node) => node.getBoundingClientRect().right));
  for (const box of all("table, mjx-container[display='true']")) {
    for (let size = 95; end(box) > room + 0.5 && size >= 60; size -= 5) box.style.fontSize = `${size}%`;
  }

  // The box of an element, and the text in it, which may be wider.
  const range = document.createRange();
  const right = (node) => {
    range.selectNodeContents(node);
    const text = node.closest("mjx-container") ? 0 : range.getBoundingClientRect().right;
    return Math.max(text, node.getBoundingClientRect().right);
  };
  const tooWide = all("*").filter((node) => right(node) > room + 1);
  const innermost = tooWide.filter((node) => !tooWide.some((other) => other !== node && node.contains(other)));
  return innermost.map((node) => `<${node.localName}> ${node.textContent.trim().slice(0, 60)}`);
}
