"""No answer needs decimal numbers; what looks at results asks whether they are any."""


class Decimal:
    def __init__(self, *digits):
        raise RuntimeError(
            "decimal numbers are not there on this page: use float, or Colab"
        )
