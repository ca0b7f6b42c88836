// How much code a reader sees: all of it, what matters (as the cells' tags say), or none. The choice is kept over pages.
// Solutions and checks of exercises stay folded whatever is chosen: they would give answers away.
(() => {
  const KEY = "code";
  const CODE = ".cell:not(.tag_exercise-solution, .tag_exercise-check)";
  const { dataset } = document.documentElement;
  // Storage is forbidden in some browsers for pages from a folder. Then the choice holds for this page.
  const kept = () => {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null;
    }
  };
  const keep = (choice) => {
    try {
      localStorage.setItem(KEY, choice);
    } catch {}
  };

  const show = (choice) => {
    dataset.code = choice;
    for (const fold of document.querySelectorAll(`${CODE} > details.hide`)) fold.open = choice === "all";
  };

  function makeSwitch({ legend, ...choices }) {
    const group = document.createElement("fieldset");
    group.className = "code-switch";
    group.innerHTML = "<legend></legend>";
    group.firstChild.textContent = legend;
    for (const [choice, word] of Object.entries(choices)) {
      const label = group.appendChild(document.createElement("label"));
      const input = Object.assign(document.createElement("input"), { type: "radio", name: "code-switch", value: choice });
      input.checked = choice === dataset.code;
      label.append(input, word);
    }
    group.addEventListener("change", ({ target }) => {
      show(target.value);
      keep(target.value);
    });
    return group;
  }

  const choice = kept();
  dataset.code = choice in window.codeWords && choice !== "legend" ? choice : "matters"; // before anything is drawn
  addEventListener("DOMContentLoaded", () => {
    const first = document.querySelector(".cell.tag_setup");
    if (!first) return;
    first.before(makeSwitch(window.codeWords));
    if (dataset.code === "all") show("all");
  });
})();
