"""Names of types, which nothing here looks at."""


class _Type:
    def __init__(self, name="Any"):
        self.__name__ = name

    def __getitem__(self, key):
        return self

    def __call__(self, *args, **named):
        return self

    def __or__(self, other):
        return self

    def __ror__(self, other):
        return self

    def __repr__(self):
        return f"typing.{self.__name__}"


def cast(kind, value):
    return value


def overload(function):
    return function


final = runtime_checkable = overload
TYPE_CHECKING = False
Any = Callable = ClassVar = Dict = Final = Generator = Iterable = Iterator = List = (
    Literal
) = Mapping = _Type()
NamedTuple = Optional = Sequence = Set = Tuple = Type = TypeAlias = TypeGuard = (
    TypeVar
) = Union = _Type()


class Protocol:
    pass


class Generic:
    def __class_getitem__(cls, key):
        return cls
