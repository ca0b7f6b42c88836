"""What a number is."""


class _Kind(type):
    def __instancecheck__(cls, value):
        return type.__instancecheck__(cls, value) or isinstance(
            value, cls.__dict__.get("kinds", ())
        )


class Number(metaclass=_Kind):
    kinds = (int, float, complex)


class Complex(Number):
    kinds = (int, float, complex)


class Real(Complex):
    kinds = (int, float)


class Rational(Real):
    kinds = (int,)

    def __float__(self):
        return self.numerator / self.denominator


class Integral(Rational):
    kinds = (int,)
