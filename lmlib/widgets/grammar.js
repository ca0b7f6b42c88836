// The grammar of the stories, with the exact probability of every next word: lmlib.grammar and lmlib.slots.
// It reads what stories.toml says. Nothing here knows of the page.

const END = "<end>";

function wordTable(words, uniform) {
  const list = words.split(/\s+/).filter(Boolean);
  const weights = new Map(list.map((word, rank) => [word, uniform ? 1 : 1 / (rank + 1)]));
  let sum = 0;
  for (const weight of weights.values()) sum += weight;
  return new Map([...weights].map(([word, weight]) => [word, weight / sum]));
}

/** Σ share · table over pairs of both. */
function mix(tables) {
  const mixed = new Map();
  for (const [share, table] of tables) if (share > 0) for (const [word, p] of table) mixed.set(word, (mixed.get(word) ?? 0) + share * p);
  return mixed;
}

function makeSlot({ given = "", words = "", uniform = false, fidelity = 1 }) {
  if (typeof words === "string") return { given: null, tables: { "": wordTable(words, uniform) } };
  const tables = {};
  for (const [key, line] of Object.entries(words)) for (const value of key.split(" ")) tables[value] = wordTable(line, uniform);
  const names = Object.keys(tables);
  const slip = (1 - fidelity) / (names.length - 1);
  const mixed = (v) => mix(names.map((u) => [u === v ? fidelity : slip, tables[u]]));
  return { given: `{${given}}`, tables: fidelity === 1 ? tables : Object.fromEntries(names.map((v) => [v, mixed(v)])) };
}

/** A grammar from the content of stories.toml. */
export function makeGrammar({ story, slots: specs, hidden = { "": [""] } }) {
  const [name, moods] = Object.entries(hidden)[0];
  const slots = Object.fromEntries(Object.entries(specs).map(([key, spec]) => [`{${key}}`, makeSlot(spec)]));
  const itemsOf = (line) => {
    for (const choice of line.match(/\(\S+\)/g) ?? []) slots[choice] ??= makeSlot({ words: choice.slice(1, -1).replaceAll("|", " "), uniform: true });
    return line.split(" ");
  };
  const parts = story.map((part) => (typeof part === "string" ? [part] : part).map(itemsOf));
  const prior = new Map(moods.map((mood) => [mood, 1 / moods.length]));
  return grammarOf({ secret: `{${name}}`, prior, slots, parts, odds: parts.map((part) => part.map(() => 1 / part.length)) });
}

/**
 * A grammar of which all odds are known: of what is hidden (`prior`), of the words of its slots, and of the sentences
 * of a part. `follow(words)` gives what may come next after them.
 */
export function grammarOf(given) {
  const { secret, prior, slots, parts, odds } = given;

  function* step(item, seen, belief) {
    const slot = slots[item];
    if (!slot) yield new Map([[item, 1]]);
    else if (seen.has(item)) yield new Map([[seen.get(item), 1]]);
    else if (slot.given === secret) {
      const table = mix([...belief].map(([mood, share]) => [share, slot.tables[mood]]));
      const word = yield table;
      // Bayes: posterior = prior × likelihood / evidence
      for (const [mood, share] of belief) belief.set(mood, share * ((slot.tables[mood].get(word) ?? 0) / table.get(word)));
      seen.set(item, word);
    } else {
      const word = yield slot.tables[slot.given ? seen.get(slot.given) : ""];
      if (!item.startsWith("(")) seen.set(item, word); // an anonymous choice is drawn anew each time
    }
  }

  function* walk() {
    for (;;) {
      const seen = new Map();
      const belief = new Map(prior);
      for (const [i, part] of parts.entries()) {
        let [line, known] = [part[0], seen];
        if (part.length > 1) {
          const first = yield new Map(part.map((one, k) => [one[0], odds[i][k]]));
          line = part.find((one) => one[0] === first).slice(1);
          known = new Map(seen); // what is drawn in an alternative is forgotten after it
        }
        for (const item of line) yield* step(item, known, belief);
      }
      yield new Map([[END, 1]]);
    }
  }

  /** The table of what may follow, or at: the place of the first word that cannot stand there. */
  function follow(words) {
    const path = walk();
    let table = path.next().value;
    for (let at = 0; at < words.length; at += 1) {
      if (!table.has(words[at])) return { table: null, at };
      table = path.next(words[at]).value;
    }
    return { table, at: null };
  }

  /** A story, drawn word by word with `random`, and how surprising it is, in nats: no model can expect fewer. */
  function draw(random) {
    const [words, path] = [[], walk()];
    let nats = 0;
    for (let table = path.next().value; ;) {
      let left = random();
      const [word, p] = [...table].find(([, share]) => (left -= share) < 0) ?? [...table].at(-1);
      nats -= Math.log(p);
      if (word === END) return { words, nats };
      words.push(word);
      table = path.next(word).value;
    }
  }

  return { ...given, follow, draw };
}
