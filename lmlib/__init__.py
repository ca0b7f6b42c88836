"""A small library of how language models work; each module is one topic, and the book explains it.

The subject, in the order in which it is taught. A module imports from those above it and from the leaves.

language_models  what every model of the book is: tokens so far → logits of the next one
tokens           text to token ids and back, by words and by characters
pretokenizer     what is done to a text before anything is merged: words and bytes
fast_bpe         byte-pair encoding, made fast
bpe              the same as it is defined, and GPT-2's tokenizer
streams          where a text may be cut that is not all there yet
slots            places of a sentence and the words that may stand there
grammar          a grammar that writes stories and knows the probability of every word
floor            the exact entropy of its stories, which no model can beat
stories          the book's grammar, and stories split for training and testing
states           what a story says, read back from its words
points           a judge who gives points for words, and what each choice of a grammar is worth to them
tilting          the best policy for a reward and its price: a grammar with other odds
last_words       what a good ending costs who changes the last word alone
rewards          rewards that a program can check, and the losses of REINFORCE and GRPO
verdicts         a judge's verdicts on pairs of texts, and what can be known of them exactly
chinese          the same stories in Chinese
curation         filters for pages, and copies found by their shingles
crawl            a small web of which each page is known
prose            the book's own English as a corpus
ngrams           models that count: interpolated Kneser–Ney
softmax          logits to probabilities, and probabilities to a loss
skip_gram        learning words as vectors: skip-gram with negative sampling
embeddings       words as vectors: neighbours, analogies, a projection
baselines        a feed-forward and a recurrent model from before the transformer
positions        sinusoidal and rotary position encodings
attention        scaled dot-product attention, and one head
fused            attention when nobody looks at its weights
kv_cache         keys and values that are not computed twice
multi_head       several heads side by side
blocks           the transformer's block, and the configuration of a model
transformer      GPT and BERT
grouped_query    heads that share their keys and values
modern           the block of today's models: norms, gates, rotations, and fewer keys
llama            a model of such blocks, as those of today are
experts          several feed-forward networks, of which each token is given to a few
bilingual        sentences in English and French, of which every translation is known
translation      cross-attention, the encoder-decoder of 2017, and what came before
batches          inputs and targets: next token, masked token, answer only
optimisation     the plan of a training run: learning rate, optimiser, precision
muon             an optimiser for matrices: steps that forget no direction
training_step    the loss of a batch, and one step downhill
pretraining      the training loop
pretrained       models in files, and those that ship with the book
finetuning       classifiers on a trained body
enlarged         a trained GPT with new words and more room
lora             low-rank corrections beside frozen layers
preferences      a reward model, and DPO
labelling        labels of words and texts: spans, their F1, and a head that counts
token_head       a trained body, and a head for every token
story_labels     who, what and where in a story; who acts, and to whom
few_labels       a task with few labels, and what learns it
reviews          a task in English, and a model whose answers are words
fast_step        one more token through a GPT, made fast
sampling         temperature, top-k, top-p: logits to the probabilities that are drawn from
generation       text, one drawn token after the other
policies         a model that writes stories, is rewarded for them, and learns
milestones       where a young GPT stands: its loss, whether its words fit, and whether it looks back
metrics          BLEU, ROUGE, exact match and F1: how near a text is to a reference
tasks            a prompt, a mark, and the answer to be written behind it
instructions     conversations as one text: a template, a mask for the loss, and replies
parity           a lamp and its cues: answers at once and step by step, and several of them
told             summaries of a story, and dialogues about it
task_gpt         a GPT for several tasks at once
suggestions      what a writer is offered, and how often it is right
dictionary       a translator that knows words and no order
story_questions  questions about a story, and a store of stories that can be told apart
assistant        the book's assistant: what it is asked, how often it can be right, and its weights
retrieval        a search in a store of documents
expressions      what a model has written, computed and not run; and how often it is right
descriptions     numbers described in words, and every way to write them
beam             the likeliest text, by beam search
counterfactuals  stories in pairs that differ in one fact
interpretability  what parts of a model do: read and replaced while it runs
evaluation       the loss of any model on any text, and intervals
limits           biased tales, texts turned round, and facts that are checked
secrets          secrets planted in a text, and how well they are known by heart
calibration      whether probabilities are right: against what came, and against the true ones
judges           verdicts of a judge of two answers, without its taste for a place or for length
facts            what a model remembers of a story, and what slips
quantisation     weights in few bits, and codes in bytes
pruning          weights that are set to 0, and stay it
compression      a whole GPT made smaller, in memory and on disk
transfer         dictionaries in a prompt, which only who reads the context can use; nats above the floor
cells            pictures of cells, and the words that say what they show
scale            what a model takes: parameters, FLOPs, memory
step_costs       the same for one training step of the book's GPT, which a device must have room for
machines         days, money and energy of so many FLOPs
scaling_laws     how the loss falls as models and texts grow

Leaves, which have no subject:

validation       checks of arguments, one call at the border of a function
shape_checks     the same for shapes that must fit each other
bpe_checks       the same for a vocabulary, its merges and its special tokens
files            texts that are read, data that ships, files that are written whole
modules          the parts of a PyTorch module by their own names
integrity        whether anything in a module was wrapped, replaced or added
checkpoints      named tensors in files
runs             a training run on disk, to go on from
devices          where the numbers are
distributed      one run on several processes

On top, for the chapters:

colours          those of the figures
drawings         a figure as SVG, for a page and for a phone
figures          axes in the style of the book
labels           names at lines and points, none on another
lines            curves, and the floor
plots            the book's figures
notebook         listings and tables between text and figures
widgets          interactive figures

Machinery, in packages that import the subject and are never imported by it:

train            one command that trains on the stories or on your text
interop          GPT-2's and Llama's weights, a real model, tokenizer files, peers, timing
hosted           a model behind an address
workshop         the reader's own GPT, made of the parts that they wrote
classroom        chapters as assignments, and grades
"""
