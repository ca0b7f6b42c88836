"""Copies of what exercises take as arguments."""


def copy(value):
    if hasattr(value, "__copy__"):
        return value.__copy__()
    if isinstance(value, (list, dict, set, bytearray)):
        return value.copy()
    if hasattr(value, "__dict__") and not callable(value):
        return _of_its_kind(value, value.__dict__)
    return value


def deepcopy(value, memo=None):
    memo = {} if memo is None else memo
    if id(value) not in memo:
        memo[id(value)] = _deep(value, memo)
    return memo[id(value)]


def _deep(value, memo):
    if hasattr(value, "__deepcopy__"):
        return value.__deepcopy__(memo)
    if type(value) in (list, set):
        return type(value)([deepcopy(item, memo) for item in value])
    if type(value) is tuple:
        return tuple([deepcopy(item, memo) for item in value])
    if isinstance(value, dict):
        new = value.copy()
        new.clear()
        if type(new) is not type(value):
            new = type(value)()
        for key, item in value.items():
            new[deepcopy(key, memo)] = deepcopy(item, memo)
        return new
    if (
        hasattr(value, "__dict__")
        and not callable(value)
        and not isinstance(value, str)
    ):
        return _of_its_kind(value, deepcopy(dict(value.__dict__), memo))
    return value


def _of_its_kind(value, content):
    new = object.__new__(type(value))
    for name, item in content.items():
        new.__dict__[name] = item
    return new
