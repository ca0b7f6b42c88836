// A question is answered before the page answers. `_ext/predict.py` writes a card with a list of choices and, behind
// what the reader sees next, the replies as folds. Here the choices become radio buttons, and the output between card
// and replies stays veiled until the reader has chosen. Paper shows the list, the output and all replies.
(() => {
  const make = (tag, properties = {}, ...children) => {
    const node = Object.assign(document.createElement(tag), properties);
    node.append(...children);
    return node;
  };
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

  function ask(card, words) {
    const replies = document.querySelector(`.replies[data-question="${card.id}"]`);
    const list = card.querySelector("ol.question-choices");
    const right = Number(replies.dataset.right);
    const folds = [...replies.querySelectorAll("details")];
    const lift = veil(outputsBetween(card, replies), words);
    const choices = [...list.children].map((choice, i) => radio(card, choice, i + 1));
    const submit = make("button", { className: "question-answer" }, words.answer);
    const skip = make("button", { type: "button", className: "question-skip" }, words.skip);
    const actions = make("div", { className: "question-actions" }, submit, skip);
    const reply = make("div", { className: "question-reply" });
    reply.setAttribute("role", "status");
    const group = make("fieldset", {}, ...choices, actions);
    group.setAttribute("aria-labelledby", `${card.id}-label ${card.id}-text`);
    const form = make("form", { className: "question-form" }, group, reply);
    let first = 0; // the number that the reader committed to

    function show(number, said) {
      const well = number === right;
      const label = choices[number - 1];
      label.classList.add(well ? "right" : "wrong");
      const sign = make("span", { className: "sign" }, well ? "✓" : "✗");
      sign.setAttribute("aria-hidden", "true");
      reply.className = `question-reply ${well ? "right" : "wrong"}`;
      const verdict = make("p", { className: "verdict" }, sign, ` ${said} ${letter(number)}`);
      reply.replaceChildren(verdict, ...copies([...folds[number - 1].children].slice(1)));
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

    // A click commits. Arrow keys walk through the choices, so they do not; Enter and the button do.
    choices.forEach((label, i) => {
      label.addEventListener("click", (event) => event.detail && choose(i + 1));
      label.addEventListener("change", () => first && choose(i + 1));
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      choose(Number(new FormData(form).get(card.id)));
    });
    skip.addEventListener("click", () => answer(right, words.shown));
    list.classList.add("paper");
    replies.classList.add("paper");
    list.after(form);
  }

  addEventListener("DOMContentLoaded", () => {
    for (const card of document.querySelectorAll(".question")) ask(card, window.questionWords);
  });
})();
