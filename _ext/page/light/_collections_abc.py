"""Kinds of collections, as far as isinstance is asked."""

Mapping = MutableMapping = dict
Sequence = MutableSequence = list
Set = MutableSet = set
KeysView, ValuesView, ItemsView = type({}.keys()), type({}.values()), type({}.items())


class _Having:
    def __init__(self, method):
        self.method = method

    def __getitem__(self, key):
        return self

    def __instancecheck__(self, value):
        return hasattr(value, self.method)


Iterable, Iterator, Callable = (
    _Having("__iter__"),
    _Having("__next__"),
    _Having("__call__"),
)
Hashable, Sized, Generator = _Having("__hash__"), _Having("__len__"), _Having("send")
