"""Interactive figures: alive in Jupyter, VS Code and Colab, and on a page with no kernel at all.

attention    who looks at whom: a text, and the weights of every head
temperature  how temperature, top-k and top-p turn logits into probabilities
story        the book's GPT reads what you type, and says what comes next beside the true probability
calculator   what a training run takes: work, time, money, memory, and the loss by a law
labels_needed  how many labels each method needs, with intervals over the runs
live         the GPT's weights for a page
base         what makes a widget live everywhere
labels       every word that a widget shows, to be translated
logits       the logits of a scrubber, and how those of a large vocabulary travel to the page
arrays       the arrays of a heat map, and how their numbers travel to the page
checks       what a widget is given, or a sentence that says what would do
pictures     what stands in for a widget on pages without scripts
examples     one text of a heat map
"""

from lmlib.widgets.attention import AttentionHeatmap
from lmlib.widgets.calculator import CostCalculator
from lmlib.widgets.labels_needed import LabelsNeeded
from lmlib.widgets.story import StoryBox
from lmlib.widgets.temperature import TemperatureScrubber

__all__ = [
    "AttentionHeatmap",
    "CostCalculator",
    "LabelsNeeded",
    "StoryBox",
    "TemperatureScrubber",
]
