"""Functions of functions."""


def reduce(function, items, *first):
    items = iter(items)
    if first:
        total = first[0]
    else:
        try:
            total = next(items)
        except StopIteration:
            raise TypeError(
                "reduce() of empty iterable with no initial value"
            ) from None
    for item in items:
        total = function(total, item)
    return total


def partial(function, *args, **named):
    return lambda *more, **others: function(*args, *more, **{**named, **others})


def wraps(function):
    def named(wrapper):
        wrapper.__name__, wrapper.__doc__ = function.__name__, function.__doc__
        wrapper.__wrapped__ = function
        return wrapper

    return named


def lru_cache(maxsize=128, typed=False):
    if callable(maxsize):
        return lru_cache(None)(maxsize)

    def kept(function):
        known = {}

        def wrapper(*args, **named):
            key = (args, tuple(sorted(named.items())))
            if key not in known:
                known[key] = function(*args, **named)
            return known[key]

        wrapper.cache_clear = known.clear
        return wraps(function)(wrapper)

    return kept


def cache(function):
    return lru_cache(None)(function)


class cached_property:
    def __init__(self, function):
        self.function, self.name = function, function.__name__

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        if self.name not in instance.__dict__:
            instance.__dict__[self.name] = self.function(instance)
        return instance.__dict__[self.name]


def cmp_to_key(compare):
    class Key:
        def __init__(self, value):
            self.value = value

        def __lt__(self, other):
            return compare(self.value, other.value) < 0

        def __eq__(self, other):
            return compare(self.value, other.value) == 0

    return Key
