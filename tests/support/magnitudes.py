"""Numbers of every kind and size, near the ends of each kind too."""

import torch
from hypothesis import strategies as st

DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
MAGNITUDES = st.builds(
    lambda mantissa, exponent: float(f"{mantissa}e{exponent}"),
    st.floats(1.0, 9.99),
    st.one_of(
        st.integers(-323, 307),
        st.sampled_from([-323, -50, -46, -45, -40, -38, -8, -5, 4, 5, 37, 38, 39, 45]),
    ),
)
"""Above 0 and finite in Python, 0 or infinite in some of the others."""
