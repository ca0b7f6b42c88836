// What several scripts of the pages share. `window.bookHelp`.
window.bookHelp = {
  make(tag, properties = {}, ...children) {
    const node = Object.assign(document.createElement(tag), properties);
    node.append(...children);
    return node;
  },
  /** A sentence with values in the places that it names. */
  fill: (text, values) => text.replace(/\{(\w+)\}/g, (all, name) => values[name]),
  percent: (share) => `${Math.round(100 * share)} %`,
  download(name, type, text) {
    const address = URL.createObjectURL(new Blob([text], { type }));
    Object.assign(document.createElement("a"), { href: address, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  },
  /** −log of the probability that a reader gave to what is right; what they did not choose shares the rest. */
  cost: ({ right, sure, choices }) => -Math.log(right ? sure : (1 - sure) / (choices - 1)),
  /** The reader's own parts of a GPT, with their names, in the order of the chapters. */
  gptParts: (road) => road.map(([name, chapter, exercise]) => [name, window.bookKeep.read(`exercise/${chapter}/${exercise}`)])
    .filter(([, entry]) => entry?.solved && entry.part).map(([name, { part }]) => [name, part]),
  /** Hands these parts over as the file that notebooks keep, too. */
  takeGpt(road, head) {
    const cells = this.gptParts(road).map(([name, part]) => `# %% ${name}\n${part}\n`);
    this.download("my_gpt.py", "text/x-python", [head, ...cells].join("\n\n"));
  },
};
