// A question is answered before the page answers. `_ext/predict.py` writes a card with a list of choices and, behind
// what the reader sees next, the replies as folds. Here the choices become radio buttons, and the output between card
// and replies stays veiled until the reader has chosen and said how sure they are. That is kept (keep.js), and costs as
// a model's prediction does. Paper shows the list, the output and all replies.
addEventListener("DOMContentLoaded", () => {
  const { make, fill, percent, cost } = window.bookHelp;
  // Letters, since many an answer is a number.
  const letter = (number) => String.fromCharCode(64 + number);
  const copies = (nodes) => [...nodes].map((node) => node.cloneNode(true));

  // What stands between a question and its replies and was computed: it would give the answer away.
  const outputsBetween = (card, replies) =>
    [...document.querySelectorAll("article .cell_output")].filter((output) =>
      card.compareDocumentPosition(output) & Node.DOCUMENT_POSITION_FOLLOWING &&
      output.compareDocumentPosition(replies) & Node.DOCUMENT_POSITION_FOLLOWING);

  function veil(outputs, words) {
    for (const output of outputs) {
      output.inert = true; // neither the keyboard nor a screen reader gets there
      output.dataset.veil = words.veil;
      output.classList.add("veiled");
    }
    return () => {
      for (const output of outputs) {
        output.inert = false;
        output.classList.remove("veiled");
      }
    };
  }

  function radio(card, choice, number) {
    const input = make("input", { type: "radio", name: card.id, value: number, required: true });
    const text = make("span", { className: "choice-text" }, ...copies(choice.firstElementChild?.childNodes ?? choice.childNodes));
    return make("label", { className: "choice" }, input, make("span", { className: "choice-number" }, letter(number)), text);
  }

  // What is said is never certain: with 100 % a wrong answer would cost infinitely much.
  const SURE = [0.5, 0.7, 0.9, 0.99];
  const page = location.pathname.split("/").pop().replace(/\.html$/, "") || "index";

  function ask(card, words) {
    const keep = window.bookKeep;
    const key = `prediction/${page}/${card.id}`;
    const replies = document.querySelector(`.replies[data-question="${card.id}"]`);
    const list = card.querySelector("ol.question-choices");
    const right = Number(replies.dataset.right);
    const folds = [...replies.querySelectorAll("details")];
    const lift = veil(outputsBetween(card, replies), words);
    const choices = [...list.children].map((choice, i) => radio(card, choice, i + 1));
    const guess = 1 / choices.length;
    const shares = [guess, ...SURE.filter((share) => share > guess + 0.05)];
    const levels = shares.map((share, i) => {
      const text = make("span", { className: "question-share" }, percent(share));
      const button = make("button", { className: "question-answer", value: share }, ...(i ? [] : [`${words.guess} `]), text);
      button.ariaLabel = fill(words.commit, { sure: `${i ? "" : `${words.guess}, `}${percent(share)}` });
      return button;
    });
    const sureness = make("div", { className: "question-sure" }, make("span", { id: `${card.id}-sure` }, words.sure), ...levels);
    sureness.setAttribute("role", "group");
    sureness.setAttribute("aria-labelledby", `${card.id}-sure`);
    const skip = make("button", { type: "button", className: "question-skip" }, words.skip);
    const actions = make("div", { className: "question-actions" }, sureness, skip);
    const reply = make("div", { className: "question-reply" });
    reply.setAttribute("role", "status");
    const group = make("fieldset", {}, ...choices, actions);
    group.setAttribute("aria-labelledby", `${card.id}-label ${card.id}-text`);
    const form = make("form", { className: "question-form" }, group, reply);
    let first = 0; // the number that the reader committed to
    let entry = null; // what is kept of it

    function show(number, said) {
      const well = number === right;
      const label = choices[number - 1];
      label.classList.add(well ? "right" : "wrong");
      const sign = make("span", { className: "sign" }, well ? "✓" : "✗");
      sign.setAttribute("aria-hidden", "true");
      reply.className = `question-reply ${well ? "right" : "wrong"}`;
      const verdict = make("p", { className: "verdict" }, sign, ` ${said} ${letter(number)}`);
      reply.replaceChildren(verdict, ...copies([...folds[number - 1].children].slice(1)));
      if (entry && number === first) {
        const costs = fill(words.cost, { sure: percent(entry.sure), nats: cost(entry).toFixed(2) });
        reply.append(make("p", { className: "question-cost" }, costs, ...(keep.trouble ? [` ${words[keep.trouble]}`] : [])));
      }
    }

    function answer(number, said) {
      const input = choices[number - 1].querySelector("input");
      input.checked = true;
      if (!first) {
        first = number;
        choices[number - 1].classList.add("chosen");
        if (actions.contains(document.activeElement)) input.focus({ preventScroll: true });
        actions.hidden = true;
        lift();
      }
      show(number, said);
    }
    function choose(number) {
      const well = number === right;
      if (first && number !== first) answer(number, well ? words.shown : words.other);
      else answer(number, well ? words.right : words.wrong);
    }

    // To choose is not to answer: who says how sure they are commits. Afterwards each choice shows its reply.
    choices.forEach((label, i) => {
      label.addEventListener("change", () => first && choose(i + 1));
      label.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" || event.target.type !== "radio") return;
        event.preventDefault(); // it would press the first button
        if (!first) levels[0].focus();
      });
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (first) return;
      const chosen = Number(new FormData(form).get(card.id));
      entry = { chosen, choices: choices.length, right: chosen === right, sure: Number(event.submitter?.value || guess), asked: card.dataset.asked };
      // What was answered in another tab meanwhile stays: the first answer counts.
      if (keep.read(key)?.asked !== entry.asked) keep.write(key, entry);
      choose(chosen);
    });
    skip.addEventListener("click", () => answer(right, words.shown));
    list.classList.add("paper");
    replies.classList.add("paper");
    list.after(form);
    // Who comes back finds the answer that they gave, if the question is still the same.
    const before = keep.read(key);
    if (before && before.asked === card.dataset.asked && before.choices === choices.length) {
      entry = before;
      choose(before.chosen);
    }
  }

  for (const card of document.querySelectorAll(".question")) ask(card, window.questionWords);
});
