// A worker in which the book's GPT is trained: it keeps the model, and answers one message after the other.
// Its numbers are train.wasm's; nothing here knows of the page.

let wasm = null;
const floats = (at, n) => new Float32Array(wasm.memory.buffer, at, n);
const put = (at, ids) => new Int32Array(wasm.memory.buffer, at, ids.length).set(ids);

/** The place of the largest number. */
function likeliest(row) {
  let best = 0;
  for (let v = 1; v < row.length; v += 1) if (row[v] > row[best]) best = v;
  return best;
}

const tasks = {
  /** A model of these sizes, with these weights. */
  async start({ code, config: { vocab_size, block_size, d_model, n_head, n_layer }, rows, weights }) {
    ({ instance: { exports: wasm } } = await WebAssembly.instantiate(code, { page: { log: Math.log } }));
    wasm.setup(vocab_size, block_size, d_model, n_head, n_layer, rows);
    floats(wasm.parameters(), wasm.count()).set(weights);
    tasks.config = { V: vocab_size, H: n_head, L: n_layer };
    return {};
  },

  /** One step on a batch: its loss before the step. */
  step({ tokens, targets, B, T, t, rate, clip }) {
    put(wasm.tokens(), tokens);
    put(wasm.targets(), targets);
    const loss = wasm.forward(B, T);
    wasm.backward(B, T);
    wasm.update(t, rate, clip);
    return { loss };
  },

  /**
   * What the model makes of some texts: `loss`, the `best` word at each place, and for each of `looks`, a row, a place
   * and an earlier one, the probability `p` of the right word and the `weights` that all heads give the earlier place.
   */
  read({ tokens, targets, B, T, looks }) {
    const { V, H, L } = tasks.config;
    put(wasm.tokens(), tokens);
    put(wasm.targets(), targets);
    const loss = wasm.forward(B, T);
    const probs = floats(wasm.probs(), B * T * V);
    const best = Int32Array.from(tokens, (_, n) => likeliest(probs.subarray(n * V, (n + 1) * V)));
    const wide = 8 * Math.ceil(T / 8);
    const seen = looks.map(([row, place, earlier]) => {
      const n = row * T + place;
      const weights = Array.from({ length: L * H }, (_, i) => floats(wasm.weights(Math.floor(i / H)), B * H * T * wide)[((row * H + (i % H)) * T + place) * wide + earlier]);
      return { p: probs[n * V + targets[n]], weights };
    });
    return { loss, best, seen };
  },

  /** The text that begins with `ids`, with up to `longest` words more, each the likeliest, until `end`. */
  write({ ids, longest, end }) {
    const text = [...ids];
    while (text.length < ids.length + longest) {
      put(wasm.tokens(), text);
      put(wasm.targets(), text);
      wasm.forward(1, text.length);
      const { V } = tasks.config;
      text.push(likeliest(floats(wasm.probs(), text.length * V).subarray((text.length - 1) * V)));
      if (text.at(-1) === end) return { text: text.slice(0, -1) };
    }
    return { text };
  },
};

onmessage = async ({ data }) => {
  try { postMessage({ id: data.id, ...(await tasks[data.task](data)) }); } catch (error) { postMessage({ id: data.id, error: String(error) }); }
};
