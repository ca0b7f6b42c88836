// One training step of the book's GPT for the page: what lmlib.training_step does, with lmlib.optimisation's Adam.
// `python -m tools.compile_train` makes train.wasm of it with clang and lld. Four numbers at a time, float32 throughout.
//
// Rows are tokens: N = B · T of them, V words, C numbers a token, H heads of D = C / H, L blocks.

typedef float f4 __attribute__((vector_size(16), aligned(4)));
typedef int i4 __attribute__((vector_size(16)));

#define EXPORT(name) __attribute__((export_name(name)))
extern unsigned char __heap_base;
__attribute__((import_module("page"), import_name("log"))) double logarithm(double);

enum { MOST_BLOCKS = 8 };
static const float EPSILON = 1e-5f, ADAM_EPSILON = 1e-8f, BETA_1 = 0.9f, BETA_2 = 0.95f;

// A matrix or vector with its gradient: both at the same place of two long arrays.
typedef struct { float *w, *g; } Weight;
typedef struct {
  Weight norm_1, shift_1, qkv, qkv_bias, output, output_bias, norm_2, shift_2, up, up_bias, down, down_bias;
  // What the way back needs of the way there: (N, C), but where it is said.
  float *normal_1, *scale_1, *turned, *weights, *mixed, *middle, *normal_2, *scale_2, *raised, *curve, *bent, *behind;
} Block;

static int V, C, H, D, L, MOST_T, MOST_N, count;
static float *params, *grads, *means, *squares;
static Weight embed, position, norm, shift;
static Block blocks[MOST_BLOCKS];
static float *first, *normal, *scale, *last, *logits;              // (N, C), (N, C), (N), (N, C), (N, V)
static float *d_x, *d_normed, *d_wide, *d_head, *turn, *table;    // the way back, and room for what is turned round
static int *tokens, *targets;

static unsigned char *top;

static void *room(int n) {
  unsigned char *found = top;
  top += (4 * n + 15) & ~15;
  while ((unsigned)top > 65536u * __builtin_wasm_memory_size(0)) __builtin_wasm_memory_grow(0, 16);
  return found;
}

static Weight weight(int n) {
  Weight found = {params + count, grads + count};
  count += n;
  return found;
}

static void fill(float *x, int n, float value) { for (int i = 0; i < n; i += 1) x[i] = value; }

static int padded(int n) { return (n + 7) & ~7; }

// Arithmetic

// e to x: 2 to a whole number, and a series for the rest.
static f4 exponential(f4 x) {
  x = __builtin_wasm_max_f32x4(x, (f4){-87, -87, -87, -87});
  const f4 k = __builtin_wasm_floor_f32x4(x * 1.44269504f + 0.5f);
  const f4 r = x - k * 0.693359375f + k * 2.12194440e-4f;
  f4 y = r * 1.9875691500e-4f + 1.3981999507e-3f;
  y = y * r + 8.3334519073e-3f;
  y = y * r + 4.1665795894e-2f;
  y = y * r + 1.6666665459e-1f;
  y = y * r + 0.5f;
  y = y * r * r + r + 1.0f;
  return y * (f4)((__builtin_convertvector(k, i4) + 127) << 23);
}

static float sum4(f4 x) { return (x[0] + x[1]) + (x[2] + x[3]); }

// Y (M, N) = A (M, K) times B (K, N), or added to it. A number of A is `row` from the one below it and `col` from the
// next, so that A may be turned round; rows of B and Y are `ldb` and `ldy` apart. N is a multiple of 8.
static void product(int M, int N, int K, const float *A, int row, int col, const float *B, int ldb, float *Y, int ldy, int add) {
  for (int j = 0; j < N; j += 8) {
    int i = 0;
    for (; i + 4 <= M; i += 4) {
      f4 y[4][2] = {{{0}}};
      const float *a = A + i * row, *b = B + j;
      for (int k = 0; k < K; k += 1, a += col, b += ldb) {
        const f4 left = *(const f4 *)b, right = *(const f4 *)(b + 4);
        for (int r = 0; r < 4; r += 1) { y[r][0] += left * a[r * row]; y[r][1] += right * a[r * row]; }
      }
      for (int r = 0; r < 4; r += 1) {
        f4 *out = (f4 *)(Y + (i + r) * ldy + j);
        out[0] = add ? out[0] + y[r][0] : y[r][0];
        out[1] = add ? out[1] + y[r][1] : y[r][1];
      }
    }
    for (; i < M; i += 1) {
      f4 left = {0}, right = {0};
      for (int k = 0; k < K; k += 1) {
        const float a = A[i * row + k * col];
        left += *(const f4 *)(B + k * ldb + j) * a;
        right += *(const f4 *)(B + k * ldb + j + 4) * a;
      }
      f4 *out = (f4 *)(Y + i * ldy + j);
      out[0] = add ? out[0] + left : left;
      out[1] = add ? out[1] + right : right;
    }
  }
}

// X (rows, cols), its rows `ld` apart, turned round into (cols, `wide`), with zeros behind.
static void turned_round(const float *X, int rows, int cols, int ld, float *out, int wide) {
  for (int c = 0; c < cols; c += 1) {
    for (int r = 0; r < rows; r += 1) out[c * wide + r] = X[r * ld + c];
    for (int r = rows; r < wide; r += 1) out[c * wide + r] = 0;
  }
}

// Y (N, O) = X (N, I) Wᵀ + b, for W (O, I).
static void linear(int N, int I, int O, const float *X, Weight W, Weight b, float *Y) {
  turned_round(W.w, O, I, I, turn, O);
  product(N, O, I, X, I, 1, turn, O, Y, O, 0);
  for (int n = 0; n < N; n += 1) for (int o = 0; o < O; o += 1) Y[n * O + o] += b.w[o];
}

// Gradients of a linear layer from that of its output; that of its input is put into d_x, or added to it.
static void linear_back(int N, int I, int O, const float *X, Weight W, Weight b, const float *d_y, float *d_in) {
  product(O, I, N, d_y, 1, O, X, I, W.g, I, 1);
  for (int n = 0; n < N; n += 1) for (int o = 0; o < O; o += 1) b.g[o] += d_y[n * O + o];
  product(N, I, O, d_y, O, 1, W.w, I, d_in, I, 0);
}

// The numbers of each row with mean 0 and variance 1, kept in `normal`, and `y` = them · weight + shift.
static void layer_norm(int N, const float *x, Weight w, Weight b, float *normal, float *scale, float *y) {
  for (int n = 0; n < N; n += 1, x += C, normal += C, y += C) {
    float mean = 0, square = 0;
    for (int c = 0; c < C; c += 1) mean += x[c];
    mean /= C;
    for (int c = 0; c < C; c += 1) square += (x[c] - mean) * (x[c] - mean);
    const float own = scale[n] = 1 / __builtin_sqrtf(square / C + EPSILON);
    for (int c = 0; c < C; c += 1) {
      normal[c] = (x[c] - mean) * own;
      y[c] = normal[c] * w.w[c] + b.w[c];
    }
  }
}

// Adds to d_in what comes back through the norm.
static void layer_norm_back(int N, Weight w, Weight b, const float *normal, const float *scale, const float *d_y, float *d_in) {
  for (int n = 0; n < N; n += 1, normal += C, d_y += C, d_in += C) {
    float mean = 0, along = 0;
    for (int c = 0; c < C; c += 1) {
      const float d = d_y[c] * w.w[c];
      mean += d;
      along += d * normal[c];
      w.g[c] += d_y[c] * normal[c];
      b.g[c] += d_y[c];
    }
    mean /= C;
    along /= C;
    for (int c = 0; c < C; c += 1) d_in[c] += scale[n] * (d_y[c] * w.w[c] - mean - normal[c] * along);
  }
}

// GELU as GPT-2 has it, y = x (1 + t) / 2 with t = tanh(…); t is kept.
static void gelu(int n, const float *x, float *t, float *y) {
  for (int i = 0; i < n; i += 4) {
    const f4 v = *(const f4 *)(x + i), u = (v + 0.044715f * v * v * v) * 0.7978845608f;
    const f4 bound = __builtin_wasm_min_f32x4(u, (f4){9, 9, 9, 9});
    const f4 tanh = 1 - 2 / (exponential(2 * bound) + 1);
    *(f4 *)(t + i) = tanh;
    *(f4 *)(y + i) = 0.5f * v * (1 + tanh);
  }
}

static void gelu_back(int n, const float *x, const float *t, float *d) {
  for (int i = 0; i < n; i += 4) {
    const f4 v = *(const f4 *)(x + i), tanh = *(const f4 *)(t + i);
    const f4 slope = 0.7978845608f * (1 + 3 * 0.044715f * v * v);
    *(f4 *)(d + i) *= 0.5f * (1 + tanh) + 0.5f * v * (1 - tanh * tanh) * slope;
  }
}

// Softmax over the first n numbers of a row; the rest up to `wide` is zero. Gives the log of the sum, with the highest.
static float softmax(float *x, int n, int wide) {
  float most = x[0];
  for (int i = 1; i < n; i += 1) most = x[i] > most ? x[i] : most;
  for (int i = n; i < wide; i += 1) x[i] = most - 200;
  f4 sums = {0};
  for (int i = 0; i < wide; i += 4) {
    const f4 e = exponential(*(f4 *)(x + i) - most);
    *(f4 *)(x + i) = e;
    sums += e;
  }
  for (int i = n; i < wide; i += 1) { sums[i & 3] -= x[i]; x[i] = 0; }
  const float sum = sum4(sums), share = 1 / sum;
  for (int i = 0; i < wide; i += 1) x[i] *= share;
  return most + (float)logarithm(sum);
}

// Attention

static void attention(int B, int T, Block *b) {
  const int wide = padded(T);
  const float root = 1 / __builtin_sqrtf(D);
  for (int s = 0; s < B * H; s += 1) {
    const float *q = b->turned + s / H * T * 3 * C + s % H * D, *k = q + C, *v = k + C;
    float *P = b->weights + s * T * wide;
    turned_round(k, T, D, 3 * C, turn, wide);
    product(T, wide, D, q, 3 * C, 1, turn, wide, P, wide, 0);
    for (int t = 0; t < T; t += 1) {
      for (int j = 0; j <= t; j += 1) P[t * wide + j] *= root;
      softmax(P + t * wide, t + 1, wide);
    }
    product(T, D, T, P, wide, 1, v, 3 * C, b->mixed + s / H * T * C + s % H * D, C, 0);
  }
}

// From the gradient of what heads have mixed (N, C) to that of queries, keys and values (N, 3C).
static void attention_back(int B, int T, const Block *b, const float *d_mixed, float *d_qkv) {
  const int wide = padded(T);
  const float root = 1 / __builtin_sqrtf(D);
  for (int s = 0; s < B * H; s += 1) {
    const int at = s / H * T * 3 * C + s % H * D;
    const float *q = b->turned + at, *k = q + C, *v = k + C, *P = b->weights + s * T * wide;
    const float *d_out = d_mixed + s / H * T * C + s % H * D;
    float *d_q = d_qkv + at, *d_k = d_q + C, *d_v = d_k + C, *d_P = table;
    product(T, D, T, P, 1, wide, d_out, C, d_v, 3 * C, 0);
    turned_round(v, T, D, 3 * C, turn, wide);
    product(T, wide, D, d_out, C, 1, turn, wide, d_P, wide, 0);
    for (int t = 0; t < T; t += 1) {
      float along = 0;
      for (int j = 0; j <= t; j += 1) along += d_P[t * wide + j] * P[t * wide + j];
      for (int j = 0; j < wide; j += 1) d_P[t * wide + j] = P[t * wide + j] * (d_P[t * wide + j] - along) * root;
    }
    product(T, D, T, d_P, wide, 1, k, 3 * C, d_q, 3 * C, 0);
    product(T, D, T, d_P, 1, wide, q, 3 * C, d_k, 3 * C, 0);
  }
}

// The model

EXPORT("setup") void setup(int words, int longest, int channels, int heads, int layers, int most_rows) {
  V = words; C = channels; H = heads; D = C / H; L = layers; MOST_T = longest; MOST_N = most_rows * longest;
  top = (unsigned char *)(((unsigned)&__heap_base + 15) & ~15u);
  const int all = (V + MOST_T + 2) * C + L * (12 * C * C + 13 * C);
  params = room(all); grads = room(all); means = room(all); squares = room(all);
  fill(means, all, 0);
  fill(squares, all, 0);
  count = 0;
  embed = weight(V * C);
  position = weight(MOST_T * C);
  const int N = MOST_N, P = most_rows * H * MOST_T * padded(MOST_T);
  for (int l = 0; l < L; l += 1) {
    Block *b = blocks + l;
    *b = (Block){
      .norm_1 = weight(C), .shift_1 = weight(C), .qkv = weight(3 * C * C), .qkv_bias = weight(3 * C),
      .output = weight(C * C), .output_bias = weight(C), .norm_2 = weight(C), .shift_2 = weight(C),
      .up = weight(4 * C * C), .up_bias = weight(4 * C), .down = weight(4 * C * C), .down_bias = weight(C),
      .normal_1 = room(N * C), .scale_1 = room(N), .turned = room(3 * N * C), .weights = room(P), .mixed = room(N * C),
      .middle = room(N * C), .normal_2 = room(N * C), .scale_2 = room(N), .raised = room(4 * N * C),
      .curve = room(4 * N * C), .bent = room(4 * N * C), .behind = room(N * C),
    };
  }
  norm = weight(C);
  shift = weight(C);
  first = room(N * C); normal = room(N * C); scale = room(N); last = room(N * C); logits = room(N * V);
  d_x = room(N * C); d_normed = room(N * C); d_wide = room(4 * N * C); d_head = room(N * C);
  turn = room(4 * C * (C > padded(MOST_T) ? C : padded(MOST_T)) + V * C); table = room(MOST_T * padded(MOST_T));
  tokens = room(N);
  targets = room(N);
}

EXPORT("count") int count_of(void) { return count; }
EXPORT("parameters") float *parameters_at(void) { return params; }
EXPORT("gradients") float *gradients_at(void) { return grads; }
EXPORT("tokens") int *tokens_at(void) { return tokens; }
EXPORT("targets") int *targets_at(void) { return targets; }
EXPORT("probs") float *probs_at(void) { return logits; }
EXPORT("weights") float *weights_at(int layer) { return blocks[layer].weights; }

static int asked_of(int N) {
  int asked = 0;
  for (int n = 0; n < N; n += 1) asked += targets[n] >= 0;
  return asked;
}

// The mean loss of B rows of T tokens, over targets that are not below 0. Leaves the probabilities of all next words (N, V),
// and each block's weights (B, H, T, T), whose rows are padded to a multiple of 8.
EXPORT("forward") float forward(int B, int T) {
  const int N = B * T;
  for (int n = 0; n < N; n += 1)
    for (int c = 0; c < C; c += 1) first[n * C + c] = embed.w[tokens[n] * C + c] + position.w[n % T * C + c];
  const float *x = first;
  float *normed = d_normed;
  for (int l = 0; l < L; l += 1) {
    Block *b = blocks + l;
    layer_norm(N, x, b->norm_1, b->shift_1, b->normal_1, b->scale_1, normed);
    linear(N, C, 3 * C, normed, b->qkv, b->qkv_bias, b->turned);
    attention(B, T, b);
    linear(N, C, C, b->mixed, b->output, b->output_bias, b->middle);
    for (int i = 0; i < N * C; i += 1) b->middle[i] += x[i];
    layer_norm(N, b->middle, b->norm_2, b->shift_2, b->normal_2, b->scale_2, normed);
    linear(N, C, 4 * C, normed, b->up, b->up_bias, b->raised);
    gelu(4 * N * C, b->raised, b->curve, b->bent);
    linear(N, 4 * C, C, b->bent, b->down, b->down_bias, b->behind);
    for (int i = 0; i < N * C; i += 1) b->behind[i] += b->middle[i];
    x = b->behind;
  }
  layer_norm(N, x, norm, shift, normal, scale, last);
  turned_round(embed.w, V, C, C, turn, V);
  product(N, V, C, last, C, 1, turn, V, logits, V, 0);
  double loss = 0;
  for (int n = 0; n < N; n += 1) {
    float *row = logits + n * V;
    const float right = targets[n] < 0 ? 0 : row[targets[n]], all = softmax(row, V, V);
    if (targets[n] >= 0) loss += all - right;
  }
  return loss / asked_of(N);
}

// y = normal · weight + shift again: kept nowhere, since it is quickly made.
static void normed_again(int N, const float *normal, Weight w, Weight b, float *y) {
  for (int n = 0; n < N; n += 1) for (int c = 0; c < C; c += 1) y[n * C + c] = normal[n * C + c] * w.w[c] + b.w[c];
}

// The gradient of the loss of what `forward` has just read; probabilities turn into that of the logits.
EXPORT("backward") void backward(int B, int T) {
  const int N = B * T, asked = asked_of(N);
  float *normed = d_head;
  fill(grads, count, 0);
  for (int n = 0; n < N; n += 1) {
    float *row = logits + n * V;
    if (targets[n] < 0) { fill(row, V, 0); continue; }
    row[targets[n]] -= 1;
    for (int v = 0; v < V; v += 1) row[v] /= asked;
  }
  product(V, C, N, logits, 1, V, last, C, embed.g, C, 1);
  product(N, C, V, logits, V, 1, embed.w, C, d_normed, C, 0);
  fill(d_x, N * C, 0);
  layer_norm_back(N, norm, shift, normal, scale, d_normed, d_x);
  for (int l = L - 1; l >= 0; l -= 1) {
    Block *b = blocks + l;
    linear_back(N, 4 * C, C, b->bent, b->down, b->down_bias, d_x, d_wide);
    gelu_back(4 * N * C, b->raised, b->curve, d_wide);
    normed_again(N, b->normal_2, b->norm_2, b->shift_2, normed);
    linear_back(N, C, 4 * C, normed, b->up, b->up_bias, d_wide, d_normed);
    layer_norm_back(N, b->norm_2, b->shift_2, b->normal_2, b->scale_2, d_normed, d_x);
    linear_back(N, C, C, b->mixed, b->output, b->output_bias, d_x, d_normed);
    attention_back(B, T, b, d_normed, d_wide);
    normed_again(N, b->normal_1, b->norm_1, b->shift_1, normed);
    linear_back(N, C, 3 * C, normed, b->qkv, b->qkv_bias, d_wide, d_normed);
    layer_norm_back(N, b->norm_1, b->shift_1, b->normal_1, b->scale_1, d_normed, d_x);
  }
  for (int n = 0; n < N; n += 1)
    for (int c = 0; c < C; c += 1) {
      embed.g[tokens[n] * C + c] += d_x[n * C + c];
      position.g[n % T * C + c] += d_x[n * C + c];
    }
}

// Step `t`, from 1: gradients longer than `clip` are cut, and every parameter moves by Adam's rule, eq:adam.
EXPORT("update") void update(int t, float rate, float clip) {
  double square = 0;
  for (int i = 0; i < count; i += 1) square += grads[i] * (double)grads[i];
  const float length = __builtin_sqrtf(square);
  const float cut = length > clip ? clip / (length + 1e-6f) : 1;
  double one = 1, two = 1;
  for (int i = 0; i < t; i += 1) { one *= BETA_1; two *= BETA_2; }
  const float size = rate / (1 - one), root = 1 / __builtin_sqrtf(1 - two);
  for (int i = 0; i < count; i += 1) {
    const float g = grads[i] * cut;
    means[i] = BETA_1 * means[i] + (1 - BETA_1) * g;
    squares[i] = BETA_2 * squares[i] + (1 - BETA_2) * g * g;
    params[i] -= size * means[i] / (__builtin_sqrtf(squares[i]) * root + ADAM_EPSILON);
  }
}
