"""Interactive figures: alive in Jupyter, VS Code and Colab, and on a page with no kernel at all."""

from lmlib.widgets.attention import AttentionHeatmap
from lmlib.widgets.temperature import TemperatureScrubber

__all__ = ["AttentionHeatmap", "TemperatureScrubber"]
