"""What a number is."""


class _Kind(type):
    def __instancecheck__(cls, value):
        return isinstance(value, cls.kinds)


class Number(metaclass=_Kind):
    kinds = (int, float, complex)


class Complex(Number):
    pass


class Real(Number):
    kinds = (int, float)


class Rational(Number):
    kinds = (int,)


class Integral(Number):
    kinds = (int,)
