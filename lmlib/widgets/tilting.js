// The best policy for a reward and its price, exactly: lmlib.tilting, on the grammar of grammar.js. A judge is
// { points: { slot: { word: points } }, per_word }. Nothing here knows of the page.

/** A grammar from what lmlib.widgets.odds packed. */
export function unpackGrammar({ secret, prior, slots, parts, odds }) {
  const tables = (list) => Object.fromEntries(list.map(([value, table]) => [value, new Map(table)]));
  const own = Object.fromEntries(slots.map(([item, given, list]) => [item, { given, tables: tables(list) }]));
  return grammarOf({ secret, prior: new Map(prior), slots: own, parts, odds });
}

/** log Σ exp of a list. */
function logSum(logs) {
  const top = Math.max(...logs);
  return top + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - top), 0));
}

/** Named slots that are drawn in each sentence of each part, and those that hold for the rest of a story. */
export function drawnSlots({ slots, parts }) {
  const told = [];
  const drawn = parts.map((part) => {
    const own = part.map((line) => [...new Set(line.filter((item) => slots[item] && item[0] === "{" && !told.includes(item)))]);
    if (part.length === 1) told.push(...own[0]);
    return own;
  });
  return { told, drawn };
}

/**
 * What every choice of a grammar is worth, its own points and those of all that depends on it, as values of any kind:
 * `one(reward, p)` makes one of a reward and its probability, `all(values)` adds up choices of which one is taken,
 * `both(values)` joins choices of which each is taken.
 */
function folded(grammar, { points, per_word }, { one, all, both }) {
  const { slots, parts, odds, secret, prior } = grammar;
  const { told, drawn } = drawnSlots(grammar);
  const dependent = (item, value) => told.filter((other) => slots[other].given === item).map((other) => all([...table(other, value).values()]));
  const table = (item, value = "") => {
    const own = points[item.replace(/[{}]/g, "")] ?? {};
    return new Map([...slots[item].tables[value]].map(([word, p]) => [word, both([one(own[word] ?? 0, p), ...dependent(item, word)])]));
  };
  const free = (list) => list.filter((item) => slots[item].given === null).map((item) => all([...table(item).values()]));
  const sentences = parts.map((part, i) => part.map((line, k) => both([one(per_word * line.length, odds[i][k]), ...free(drawn[i][k])])));
  const moods = new Map([...prior].map(([mood, p]) => [mood, both([one(0, p), ...sentences.map(all), ...dependent(secret, mood)])]));
  return { table, sentences, moods };
}

const rounded = (reward) => Math.round(reward * 1e9) / 1e9;

const DISTRIBUTIONS = {
  one: (reward, p) => new Map([[rounded(reward), p]]),
  all: (list) => mix(list.map((rewards) => [1, rewards])),
  both: (list) => list.reduce((total, rewards) => mix([...total].map(([r, p]) => [p, new Map([...rewards].map(([other, q]) => [rounded(r + other), q]))]))),
};

/** [reward, probability] for each reward that there can be, the lowest first. */
export const rewardDistribution = (grammar, judge) => [...DISTRIBUTIONS.all([...folded(grammar, judge, DISTRIBUTIONS).moods.values()])].sort(([a], [b]) => a - b);

/** log Z: the log of the mean of exp(r/β). */
export const logPartition = (rewards, beta) => logSum(rewards.map(([r, p]) => Math.log(p) + r / beta));

/** What the best policy at the price β gets, and what for: `reward`, `nats`, log Z and J = reward − β · nats. */
export function frontierAt(rewards, beta) {
  const log_z = logPartition(rewards, beta);
  const reward = rewards.reduce((sum, [r, p]) => sum + p * Math.exp(r / beta - log_z) * r, 0);
  return { reward, nats: Math.max(0, reward / beta - log_z), log_z, objective: beta * log_z };
}

/** The most reward that there is for so many nats: there the frontier is left of them, or at its end. */
export function mostFor(rewards, nats) {
  if (!(nats > 0)) return frontierAt(rewards, 1e9).reward;
  let [low, high] = [Math.log(1e-3), Math.log(1e9)];
  for (let i = 0; i < 80; i += 1) {
    const middle = (low + high) / 2;
    if (frontierAt(rewards, Math.exp(middle)).nats > nats) low = middle;
    else high = middle;
  }
  return frontierAt(rewards, Math.exp(high)).reward;
}

/** The best policy at the price β, which is a grammar too. */
export function tilted(grammar, judge, beta) {
  const logs = { one: (reward, p) => Math.log(p) + reward / beta, all: logSum, both: (list) => list.reduce((sum, log) => sum + log, 0) };
  const { table, sentences, moods } = folded(grammar, judge, logs);
  const shares = (list) => { const total = logSum(list); return list.map((log) => Math.exp(log - total)); };
  const odds = (choices) => { const found = shares([...choices.values()]); return new Map([...choices.keys()].map((key, i) => [key, found[i]])); };
  const slots = Object.fromEntries(Object.entries(grammar.slots).map(([item, slot]) => [item, { given: slot.given, tables: Object.fromEntries(Object.keys(slot.tables).map((value) => [value, odds(table(item, value))])) }]));
  return grammarOf({ secret: grammar.secret, parts: grammar.parts, prior: odds(moods), slots, odds: sentences.map(shares) });
}

/** How often each word stands where a slot is first told, whatever it depends on. */
export function marginal({ slots, secret, prior }, item) {
  const { given, tables } = slots[item];
  if (given === null) return tables[""];
  const before = given === secret ? prior : marginal({ slots, secret, prior }, given);
  return mix([...before].map(([value, share]) => [share, tables[value]]));
}

/** The choice whose log-probability plus noise is highest: drawn with its probability, and the same while that lasts. */
function chosen(table, noise) {
  let [best, word] = [-Infinity, null];
  let i = 0;
  for (const [key, p] of table) {
    const score = Math.log(p) - Math.log(-Math.log(noise(i)));
    if (score > best) [best, word] = [score, key];
    i += 1;
  }
  return word;
}

/** The sentences of a story as [item, word] pairs; the same seed tells with other odds the same words, wherever the odds let it. */
export function tell({ slots, secret, prior, parts, odds }, seed) {
  const at = (part, place) => (i) => mulberry32(Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(part * 64 + place + 1, 0x85ebca6b) ^ Math.imul(i + 1, 0xc2b2ae35))() || Number.MIN_VALUE;
  const seen = new Map([[secret, chosen(prior, at(0, 63))]]);
  return parts.map((part, n) => {
    const k = part.length > 1 ? Number(chosen(new Map(odds[n].map((p, i) => [i, p])), at(n, 62))) : 0;
    const known = part.length > 1 ? new Map(seen) : seen;
    return part[k].map((item, place) => {
      if (!slots[item]) return [item, item];
      if (!known.has(item) || item[0] === "(") known.set(item, chosen(slots[item].tables[slots[item].given ? known.get(slots[item].given) : ""], at(n, place)));
      return [item, known.get(item)];
    });
  });
}
