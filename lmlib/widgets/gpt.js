// The book's GPT, live: one token after the other, with a cache, as lmlib.transformer computes it.
// Nothing here knows of the page.

/** Numbers from base64: 32-bit ones first, then the upper 16 bits of all weights, then their lower 2 bits. */
function unpackTensors({ tensors, weights }) {
  const bytes = bytesOf(weights);
  const size = ([rows, cols]) => rows * (cols ?? 1);
  const floats = tensors.reduce((n, [, rows]) => n + rows, 0);
  const many = tensors.reduce((n, [, ...shape]) => n + (shape[1] ? size(shape) : 0), 0);
  const single = new Float32Array(bytes.buffer, 0, floats);
  const upper = new Int16Array(bytes.buffer, 4 * floats, many);
  const lower = bytes.subarray(4 * floats + 2 * many);
  const found = {};
  let [at, place] = [0, 0];
  for (const [name, rows, cols] of tensors) {
    const own = single.subarray(at, (at += rows));
    if (!cols) { found[name] = own; continue; }
    // Of a matrix the 32-bit numbers are what a step of its rows is worth.
    const matrix = new Float32Array(rows * cols);
    for (let row = 0, i = 0; row < rows; row += 1) {
      for (const end = i + cols; i < end; i += 1, place += 1) {
        matrix[i] = (upper[place] * 4 + ((lower[place >> 2] >> (2 * (place & 3))) & 3)) * own[row];
      }
    }
    found[name] = matrix;
  }
  return found;
}

/** W x + b, for W of b.length rows. */
function linear(W, b, x) {
  const y = new Float64Array(b.length);
  for (let o = 0, w = 0; o < y.length; o += 1) {
    let sum = b[o];
    for (let i = 0; i < x.length; i += 1, w += 1) sum += W[w] * x[i];
    y[o] = sum;
  }
  return y;
}

function layerNorm(x, weight, bias) {
  let [mean, square] = [0, 0];
  for (const v of x) mean += v / x.length;
  for (const v of x) square += (v - mean) ** 2 / x.length;
  const scale = 1 / Math.sqrt(square + 1e-5);
  return x.map((v, i) => (v - mean) * scale * weight[i] + bias[i]);
}

const gelu = (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));

/** A model from what Python packed: `config`, `tensors` and `weights`. */
export function makeGpt(packed) {
  const { n_layer: L, n_head: H, d_model: C, block_size: T, vocab_size: V } = packed.config;
  const p = unpackTensors(packed);
  const D = C / H;

  const normed = (x, name) => layerNorm(x, p[`${name}.weight`], p[`${name}.bias`]);

  /**
   * A text that grows: push(id) reads one more token, and says what the model made of it:
   * `logits` (V), `weights` [layer][head] over all tokens so far, `stream`, the vector before the first block and
   * behind each, `parts`, what each attention and feed-forward network `added`, and the vector `x` behind it, and
   * `memory`, its keys and values, by which recall(id, memory) reads the same token behind the same text once more.
   * `adjust(layer, head, weights, position)` may change weights before they are used. What `off` names is left out:
   * "head 0.1", "attention 0" or "feed-forward 0" give zeros; without "residual" what a part gives takes the place of
   * what was there, and without "norm" layers read it as it is, as `lens` does, which makes the logits.
   */
  function session({ adjust = null, off = [] } = {}) {
    const tokens = [];
    const without = new Set(off);
    const norm = without.has("norm") ? (x) => x : normed;
    // From a vector behind any block, how well it fits each word's own embedding.
    const lens = (x) => linear(p["embed.weight"], new Float64Array(V), norm(x, "norm"));
    const keys = Array.from({ length: L }, () => new Float64Array(T * C));
    const values = keys.map(() => new Float64Array(T * C));

    function attend(layer, q, at) {
      const [K, V] = [keys[layer], values[layer]];
      const out = new Float64Array(C);
      const seen = [];
      for (let h = 0; h < H; h += 1) {
        const scores = new Float64Array(at + 1);
        for (let j = 0; j <= at; j += 1) {
          let s = 0;
          for (let d = h * D; d < (h + 1) * D; d += 1) s += q[d] * K[j * C + d];
          scores[j] = s / Math.sqrt(D);
        }
        const weights = softmax(scores);
        if (adjust) adjust(layer, h, weights, at);
        if (without.has(`head ${layer}.${h}`)) weights.fill(0);
        for (let j = 0; j <= at; j += 1) for (let d = h * D; d < (h + 1) * D; d += 1) out[d] += weights[j] * V[j * C + d];
        seen.push(weights);
      }
      return [out, seen];
    }

    function push(id) {
      const at = tokens.length;
      if (!(id >= 0 && id < V)) throw new Error(`id: ${id} is outside 0 to ${V - 1}`);
      if (at >= T) throw new Error(`tokens: the model reads ${T} and no more`);
      tokens.push(id);
      let x = new Float64Array(C);
      for (let i = 0; i < C; i += 1) x[i] = p["embed.weight"][id * C + i] + p["position.weight"][at * C + i];
      const [weights, stream, parts, memory] = [[], [x], [], []];
      const add = (name, found) => {
        const added = without.has(name) ? new Float64Array(C) : found;
        x = without.has("residual") ? added : x.map((v, i) => v + added[i]);
        parts.push({ name, added, x });
      };
      for (let layer = 0; layer < L; layer += 1) {
        const own = (name) => p[`blocks.${layer}.${name}`];
        const qkv = linear(own("attention.qkv.weight"), own("attention.qkv.bias"), norm(x, `blocks.${layer}.norm_1`));
        memory.push(qkv.subarray(C));
        remember(layer, memory[layer], at);
        const [mixed, seen] = attend(layer, qkv.subarray(0, C), at);
        add(`attention ${layer}`, linear(own("attention.output.weight"), own("attention.output.bias"), mixed));
        const inner = linear(own("feed_forward.up.weight"), own("feed_forward.up.bias"), norm(x, `blocks.${layer}.norm_2`)).map(gelu);
        add(`feed-forward ${layer}`, linear(own("feed_forward.down.weight"), own("feed_forward.down.bias"), inner));
        weights.push(seen);
        stream.push(x);
      }
      return { logits: lens(x), weights, stream, parts, memory };
    }

    function remember(layer, keyAndValue, at) {
      keys[layer].set(keyAndValue.subarray(0, C), at * C);
      values[layer].set(keyAndValue.subarray(C), at * C);
    }

    function recall(id, memory) {
      memory.forEach((keyAndValue, layer) => remember(layer, keyAndValue, tokens.length));
      tokens.push(id);
    }

    /** Forget all but the first n tokens. */
    const keep = (n) => { tokens.length = Math.min(n, tokens.length); };
    return { tokens, push, recall, keep, lens };
  }

  return { config: packed.config, session };
}
