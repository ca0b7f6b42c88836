// Where an exercise is solved: an editor, Run and Check, what Python says, and what becomes of the answer. One worker for
// the page, which is stopped by the reader, by the clock, or by the next thing to run.
(() => {
  const { bookWork: work, bookKeep: keep, bookHelp: help } = window;
  const { make, fill } = help;
  const { words } = work;
  const MOST = 100000; // characters of code

  // One Python for all exercises of the page: the promise of a worker that is ready, and what runs in it.
  let python = null, busy = null;
  function start() {
    python ??= (async () => {
      const address = URL.createObjectURL(new Blob([await work.load("python.js")], { type: "text/javascript" }));
      const worker = new Worker(address);
      await new Promise((ready, failed) => {
        worker.onmessage = ready;
        worker.onerror = (event) => failed(new Error(event.message || words.noPython));
      }).finally(() => URL.revokeObjectURL(address));
      return worker;
    })();
    const mine = python;
    mine.catch(() => {
      if (python === mine) python = null;
    });
    return mine;
  }
  /** Ends what runs, if anything does: only a worker that is gone is sure to have stopped. */
  function stop(why) {
    if (!busy) return;
    python?.then((worker) => worker.terminate(), () => {});
    python = null;
    busy.end({ why });
  }
  /** Runs what `message` gives; `said` gets what is printed. What comes back: `right` and `part`, or `why` it was stopped. */
  function ask(message, said) {
    stop(words.replaced);
    return new Promise((ended) => {
      let clock = 0;
      const mine = {
        end(result) {
          clearTimeout(clock);
          if (busy === mine) busy = null;
          ended(result);
        },
      };
      busy = mine;
      Promise.all([start(), message()]).then(([worker, content]) => {
        if (busy !== mine) return;
        clock = setTimeout(() => stop(fill(words.tooLong, { seconds: work.seconds })), work.seconds * 1000);
        worker.onmessage = ({ data }) => {
          if (data.text) said(data.text, data.isCut);
          if (data.done) mine.end(data);
        };
        worker.onerror = (event) => {
          event.preventDefault();
          stop(`${words.broken} ${event.message ?? ""}`);
        };
        worker.postMessage(content);
      }).catch((error) => mine.end({ why: `${words.failed} ${error.message}` }));
    });
  }

  /** Modules of Python that are seldom needed, if the code names one. */
  async function rare(code) {
    const lists = [...code.matchAll(/(?:^|;)[ \t]*(?:import|from)[ \t]+([^;#\n]+)/gm)].map((found) => found[1].split(","));
    const named = lists.flat().map((name) => /^\s*(\w*)/.exec(name)[1]);
    return named.some((name) => work.rare.includes(name)) ? work.load("rare.js") : {};
  }

  work.bench = async (place, name, key) => {
    const [lesson] = await Promise.all([work.load(work.data), work.load("editor.js")]);
    start().catch(() => {}); // while the reader writes; what goes wrong is said when something is run
    const { stub, check, step } = lesson.exercises[name];

    const button = (className, text, act) => {
      const node = make("button", { type: "button", className }, text);
      node.addEventListener("click", () => node.ariaDisabled || act());
      return node;
    };
    const output = make("pre", { className: "work-output", tabIndex: 0, hidden: true });
    output.setAttribute("aria-label", words.output);
    const status = make("p", { className: "work-status", tabIndex: -1 });
    status.setAttribute("role", "status");
    const kept = make("p", { className: "work-kept" });
    const field = make("div", { className: "work-field" });
    // The site has keys of its own, such as / for its search, and takes no editor for a field.
    field.addEventListener("keydown", (event) => event.stopPropagation());

    // Written is what differs from what was read or written last, so that nothing comes back that was erased elsewhere.
    let timer = 0, clean = keep.read(key)?.code ?? stub;
    const save = () => {
      clearTimeout(timer);
      if (editor.code === clean) return;
      clean = editor.code;
      keep.write(key, { solved: false, ...keep.read(key), code: clean });
      tell();
    };
    const tell = () => {
      if (keep.trouble) kept.textContent = words[keep.trouble];
      else kept.textContent = keep.read(key) ? words.kept : keep.isStrange(key) ? words.strange : "";
    };
    const changed = () => {
      clearTimeout(timer);
      timer = setTimeout(save, 400);
    };
    const editor = window.bookEditor.edit(field, {
      code: clean, label: fill(words.editor, { name: check.function }), changed,
      keys: { "Shift-Enter": () => act(false), "Mod-Enter": () => act(true) },
    });
    addEventListener("pagehide", save);
    document.addEventListener("visibilitychange", () => document.hidden && save());
    keep.watch((name) => {
      if (name && name !== key) return;
      const now = keep.read(key);
      const isWriting = document.hasFocus() && field.contains(document.activeElement);
      if (!now) clean = editor.code;
      else if (now.code !== editor.code && now.code !== clean && !isWriting) editor.code = clean = now.code; // another tab's
      tell();
    });

    const run = button("work-run", words.run, () => act(false));
    const test = button("work-check", words.check, () => act(true));
    const halt = button("work-stop", words.stop, () => stop(words.stopped));
    const again = button("work-again", words.again, () => {
      editor.code = stub;
      editor.focus();
    });
    halt.hidden = true;
    const part = make("p", { className: "work-part", hidden: true });

    const setBusy = (busy) => {
      const focused = document.activeElement;
      for (const one of [run, test]) one.ariaDisabled = busy ? "true" : null;
      halt.hidden = !busy;
      if (!busy && focused === halt) status.focus(); // a button here would take the next press
    };
    function showPart() {
      const own = help.gptParts(work.road);
      part.hidden = !step || !own.some(([one]) => one === step);
      part.replaceChildren(`${fill(words.parts, { own: own.length, all: work.road.length })} `, button("work-take", words.take, () => help.takeGpt(work.road, work.head)));
    }

    async function act(isCheck) {
      if (run.ariaDisabled) return;
      save();
      const code = editor.code;
      output.textContent = "";
      output.hidden = true;
      if (code.length > MOST) {
        status.textContent = fill(words.tooMuch, { n: code.length.toLocaleString("en"), most: MOST.toLocaleString("en") });
        return;
      }
      setBusy(true);
      status.className = "work-status";
      status.textContent = words.running;
      const said = (text, isCut) => {
        output.hidden = false;
        output.append(text, isCut ? `\n${words.cut}\n` : "");
      };
      try {
        const message = async () => ({
          modules: { ...lesson.modules, ...(await rare(code)) }, setup: lesson.setup, code, check: isCheck ? check : null,
        });
        const done = await ask(message, said);
        if (done.why) status.textContent = done.why;
        else if (!isCheck) status.textContent = !done.right ? words.error : output.hidden ? words.silent : words.ran;
        else status.textContent = done.right ? words.right : words.wrong;
        if (isCheck && !done.why) {
          status.classList.add(done.right ? "right" : "wrong");
          if (done.right) {
            clean = code;
            keep.write(key, { code, solved: true, part: done.part });
            tell();
            showPart();
          }
        }
      } catch (error) {
        status.replaceChildren(`${words.failed} ${error.message} `, ...work.colabLink(words.colab));
      }
      setBusy(false);
    }

    const tools = make("div", { className: "work-tools" }, run, test, halt, again);
    const bench = make("div", { className: "work-bench" }, field, tools, make("p", { className: "work-keys" }, words.keys), status, output, part, kept);
    bench.setAttribute("role", "group");
    bench.setAttribute("aria-label", fill(words.bench, { name: check.function }));
    place.append(bench);
    tell();
    showPart();
    editor.focus();
  };
})();
