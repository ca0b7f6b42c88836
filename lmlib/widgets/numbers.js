// The mathematics of both widgets, in the order of operations of lmlib.softmax, lmlib.generation
// and lmlib.attention, so that page and Python agree to 1e-12. Nothing here knows of the page.

/** The logits of a context; of many words only the likeliest came one by one, the others in groups of n alike. */
export function unpacked(context) {
  const { logits, groups } = Array.isArray(context) ? { logits: context, groups: [] } : context;
  const all = [...logits, ...groups.flatMap(([n, z]) => new Array(n).fill(z))];
  return Float64Array.from(all, (z) => z ?? -Infinity);
}

/** Bytes out of base64. */
export const bytesOf = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

/** The length of a vector. */
export const lengthOf = (x) => Math.sqrt(x.reduce((sum, v) => sum + v * v, 0));

/** Probabilities exp(z/T − m) / Σ exp(z/T − m), m the largest z/T: it changes none, and exp cannot overflow. */
export function softmax(logits, temperature = 1) {
  const scaled = Float64Array.from(logits).map((z) => z / temperature);
  let top = -Infinity;
  for (const z of scaled) if (z > top) top = z;
  let sum = 0;
  const probs = scaled.map((z) => Math.exp(z - top));
  for (const e of probs) sum += e;
  return probs.map((e) => e / sum);
}

/** Entropy −Σ p ln p in nats. */
export function entropy(probs) {
  let nats = 0;
  for (const p of probs) if (p > 0) nats -= p * Math.log(p);
  return nats;
}

/** Ids from the highest logit down; of equal ones the lower id first. */
export function ranking(logits) {
  return Array.from(logits, (_, i) => i).sort((a, b) => (logits[a] === logits[b] ? a - b : logits[b] - logits[a]));
}

/** Keep the k highest logits, the others become −∞. */
export function topK(logits, k, order = ranking(logits)) {
  const kept = new Float64Array(logits.length).fill(-Infinity);
  for (const i of order.slice(0, k)) kept[i] = logits[i];
  return kept;
}

/**
 * Keep the fewest of the likeliest words that hold probability p together; −∞ for the others.
 * A sum that falls short of p by rounding alone counts as p. The likeliest word stays in any case.
 */
export function topP(logits, p, order = ranking(logits)) {
  if (p === 1) return Float64Array.from(logits);
  const probs = softmax(logits);
  const kept = new Float64Array(logits.length).fill(-Infinity);
  let before = 0;
  for (const i of order) {
    if (before > 0 && before >= p - 1e-6) break;
    kept[i] = logits[i];
    before += probs[i];
  }
  return kept;
}

/** Temperature, then top-k, then top-p of what is left, then softmax: lmlib.generation.next_probs. */
export function nextProbs(logits, { temperature = 1, top_k = null, top_p = null }, order = ranking(logits)) {
  let z = Float64Array.from(logits).map((v) => v / temperature);
  if (top_k !== null) z = topK(z, top_k, order);
  if (top_p !== null) z = topP(z, top_p, order);
  return softmax(z);
}

/** Random numbers in [0, 1) from a 32-bit seed; the same seed gives the same numbers everywhere. */
export function mulberry32(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** A function that draws one id after another: the first whose running sum of probabilities exceeds u. */
export function sampler(probs, seed) {
  const random = mulberry32(seed);
  let total = 0;
  const upTo = Float64Array.from(probs, (p) => (total += p));
  let last = probs.length - 1;
  while (probs[last] === 0) last -= 1; // where rounding leaves the sum a hair below 1
  return () => {
    const u = random();
    let low = 0;
    let high = last;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (upTo[middle] > u) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}

/** n ids drawn from probs. */
export function sample(probs, seed, n) {
  const draw = sampler(probs, seed);
  return Array.from({ length: n }, draw);
}

/** Scores q·k of every query (row) and key (column), over √D if scaled, −∞ above the diagonal if masked. */
export function attentionScores(q, k, { scale = true, mask = true } = {}) {
  const root = scale ? Math.sqrt(q[0].length) : 1;
  const dot = (a, b) => a.reduce((sum, x, d) => sum + x * b[d], 0);
  return q.map((a, i) => k.map((b, j) => (mask && j > i ? -Infinity : dot(a, b) / root)));
}

/** Softmax of every row of the scores: row i says how query i spreads its attention over the keys. */
export function attentionWeights(q, k, options) {
  return attentionScores(q, k, options).map((row) => softmax(row));
}
