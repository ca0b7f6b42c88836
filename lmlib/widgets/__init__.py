"""Interactive figures: alive in Jupyter, VS Code and Colab, and on a page with no kernel at all.

attention    who looks at whom: a text, and the weights of every head
temperature  how temperature, top-k and top-p turn logits into probabilities
beam         the search tree of beam search with the book's GPT, beside what greedy writes
tree         what such a search keeps at each step, and from which text each goes on
story        the book's GPT reads what you type, and says what comes next beside the true probability
duel         a reader guesses the next words of stories, against n-grams, the GPT and the truth
rivals       the models that a duel is played against
places       the words that a duel asks for
scores       the guesses of a duel, and what each word costs everybody
embedding    word vectors as a map, the nearest in all numbers beside the nearest in the drawing
tables       words, with a row of numbers for each, and how they travel to the page
lens         any text, cut by byte-pair encoding one merge after the other
merges       merges for the page, how often each pair stood in the training text, and GPT-2's own
pieces       a text after each merge, and its tokens as they are printed
stream       the last word's vector on its way through the book's GPT, with parts to switch off
stages       what that vector says behind each part, and without some
workbench    one head of attention, every number to change, cell by cell
head         such a head: its numbers, which fit each other, and what it computes of them
calculator   what a training run takes: work, time, money, memory, and the loss by a law
costs        such a run: its settings, and what they come to
quantities   numbers as one reads them: powers of ten, bytes, spans of time
frontier     what the best policy for a judge gets for how many nats, and what it then writes
odds         a grammar with all its odds, and the points that tilt it
marks        methods that were measured, beside that frontier
chat         the book's assistant answers questions about a story, token by token
chats        such a conversation: what the model sees, and what it writes
asked        what it was asked, checked
labels_needed  how many labels each method needs, with intervals over the runs
accuracies   those runs: how they are read, and their means with intervals
training     a GPT that is trained in the page, beside a stored run
reads        the text that its GPT reads, while it is being typed
live         the GPT's weights for a page
base         what makes a widget live everywhere
labels       every word that a widget shows, to be translated
logits       the logits of a scrubber, and how those of a large vocabulary travel to the page
draws        the settings by which words are drawn, checked
look         what a heat map looks at, and the links that are cut there
cuts         what a GPT makes of a text when links of its heads are cut
texts        its texts: as they were given, or read by a model
arrays       the arrays of a heat map, and how their numbers travel to the page
checks       what a widget is given, or a sentence that says what would do
colours      those of the pictures
examples     one text of a heat map

On GitHub, in PDFs and on pages without scripts a picture stands in for each widget: `attention_picture`,
`temperature_picture`, `beam_picture`, `story_picture`, `duel_picture`, `embedding_picture`, `lens_picture`,
`stream_picture`, `workbench_picture`, `calculator_picture`, `labels_needed_picture`, `training_picture`,
`frontier_picture`, `chat_picture`. Words come to them as they are to be shown. To matplotlib they are text: a "$" in
them begins no formula.
"""

from lmlib.widgets.attention import AttentionHeatmap
from lmlib.widgets.beam import BeamTree
from lmlib.widgets.calculator import CostCalculator
from lmlib.widgets.chat import ChatBox
from lmlib.widgets.duel import NextWordDuel
from lmlib.widgets.embedding import EmbeddingMap
from lmlib.widgets.frontier import RewardFrontier
from lmlib.widgets.labels_needed import LabelsNeeded
from lmlib.widgets.lens import TokeniserLens
from lmlib.widgets.story import StoryBox
from lmlib.widgets.stream import LayerStream
from lmlib.widgets.temperature import TemperatureScrubber
from lmlib.widgets.training import TrainingRun
from lmlib.widgets.workbench import AttentionWorkbench

__all__ = [
    "AttentionHeatmap",
    "AttentionWorkbench",
    "BeamTree",
    "ChatBox",
    "CostCalculator",
    "EmbeddingMap",
    "LabelsNeeded",
    "LayerStream",
    "NextWordDuel",
    "RewardFrontier",
    "StoryBox",
    "TemperatureScrubber",
    "TokeniserLens",
    "TrainingRun",
]
