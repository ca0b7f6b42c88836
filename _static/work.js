// Exercises that can be solved on the page get a button; all else is loaded when it is pressed. `_ext/exercises.py` writes
// what this page has: `window.bookWork`. Where a part of an exercise's needs is not here, a link leads to Colab.
addEventListener("DOMContentLoaded", () => {
  const { bookWork: work, bookKeep: keep } = window;
  const article = document.querySelector("article.bd-article");
  if (!work || !article) return;
  const { words } = work;
  const { make, fill } = window.bookHelp;
  Object.assign(work, { given: {}, loading: {} });

  /** A file beside the pages, as a script, since a page from the disk may fetch nothing. */
  work.load = (file) => (work.loading[file] ??= new Promise((ready, failed) => {
    const script = make("script", { src: work.base + work.files[file] });
    script.onload = () => ready(work.given[file]);
    script.onerror = () => {
      delete work.loading[file];
      script.remove();
      failed(new Error(words.missing));
    };
    document.head.append(script);
  }));

  const colab = document.querySelector("a[href*='colab.research.google.com']")?.href;
  const colabLink = (text) => (colab ? [make("a", { href: colab, target: "_blank", rel: "noopener" }, text)] : []);
  work.colabLink = colabLink;

  for (const [name, isHere] of Object.entries(work.exercises)) {
    const exercise = document.getElementById(`ex-${name}`);
    if (!exercise) continue;
    const place = make("div", { className: "work" });
    place.dataset.exercise = name;
    exercise.after(place);
    if (!isHere) {
      place.append(make("p", { className: "work-elsewhere" }, `${words.elsewhere} `, ...colabLink(words.colab)));
      continue;
    }
    const button = make("button", { type: "button", className: "work-open" });
    const state = make("span", { className: "work-state" });
    const said = make("p", { className: "work-said" });
    said.setAttribute("role", "status");
    place.append(make("p", { className: "work-head" }, button, " ", state), said);
    const key = `exercise/${work.topic}/${name}`;
    const show = () => {
      const entry = keep.read(key);
      state.textContent = entry?.solved ? words.solved : "";
      if (!place.querySelector(".work-bench")) button.textContent = entry ? words.goOn : words.open;
    };
    button.addEventListener("click", async () => {
      const bench = place.querySelector(".work-bench");
      if (bench) {
        bench.hidden = !bench.hidden;
      } else {
        if (button.ariaDisabled) return;
        button.ariaDisabled = "true";
        said.textContent = words.loading;
        try {
          await work.load("bench.js");
          await work.bench(place, name, key);
          said.textContent = "";
        } catch (error) {
          said.replaceChildren(`${words.failed} ${error.message} `, ...colabLink(words.colab));
        }
        button.ariaDisabled = null;
      }
      const opened = place.querySelector(".work-bench:not([hidden])");
      button.textContent = opened ? words.close : keep.read(key) ? words.goOn : words.open;
      button.ariaExpanded = String(Boolean(opened));
    });
    keep.watch(show);
    show();
  }

  // How far one is, once one has begun.
  const questions = [...document.querySelectorAll(".question[id]")];
  const exercises = Object.keys(work.exercises).filter((name) => work.exercises[name]); // that can be solved here
  const bar = make("div", { className: "work-bar", hidden: true });
  const progress = () => {
    const kept = questions.map(({ id, dataset }) => [keep.read(`prediction/${work.topic}/${id}`), dataset.asked]);
    const answered = kept.filter(([entry, asked]) => entry?.asked === asked);
    const right = answered.filter(([entry]) => entry.right).length;
    const solved = exercises.filter((name) => keep.read(`exercise/${work.topic}/${name}`)?.solved).length;
    bar.hidden = !answered.length && !solved;
    bar.style.setProperty("--done", (answered.length + solved) / Math.max(1, questions.length + exercises.length));
    bar.replaceChildren(
      make("span", { className: "work-track", ariaHidden: "true" }),
      `${fill(words.soFar, { answered: answered.length, questions: questions.length, right, solved, exercises: exercises.length })} `,
      make("a", { href: work.you }, words.you),
    );
  };
  article.querySelector("h1")?.after(bar);
  keep.watch(progress);
  progress();
});
