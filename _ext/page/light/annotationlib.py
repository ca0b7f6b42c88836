"""What Brython asks for where a class has annotations."""


class Format:
    VALUE, VALUE_WITH_FAKE_GLOBALS, FORWARDREF, STRING = 1, 2, 3, 4


class ForwardRef:
    def __init__(self, arg, **settings):
        self.__forward_arg__ = arg
