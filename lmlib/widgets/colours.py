"""The colours of the pictures, those of the widgets' styles where the page is light."""

BLUE, INK, SOFT, ORANGE = "#0072B2", "#1b1f24", "#57606a", "#a34700"
GREEN = "#00694e"
FLOOR, FLOOR_INK = "#c77a00", "#8a5200"
