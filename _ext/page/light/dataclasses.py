"""Classes that are their fields: as much of Python's module as lmlib and answers use."""

_MISSING = object()


class _Field:
    def __init__(self, default=_MISSING, default_factory=_MISSING):
        self.default, self.default_factory = default, default_factory


def field(*, default=_MISSING, default_factory=_MISSING, **settings):
    return _Field(default, default_factory)


def dataclass(cls=None, *, frozen=False, **settings):
    if cls is None:
        return lambda cls: dataclass(cls, frozen=frozen)
    own = cls.__dict__.get("__fields__") or tuple(getattr(cls, "__annotations__", {}))
    names = [*getattr(cls, "_all_fields", ()), *own]
    defaults = {name: getattr(cls, name) for name in names if hasattr(cls, name)}

    def __init__(self, *args, **named):
        if len(args) > len(names):
            raise TypeError(
                f"{cls.__name__}.__init__() takes {len(names) + 1} positional arguments but {len(args) + 1} were given"
            )
        given = dict(zip(names, args))
        for name in named:
            if name not in names:
                raise TypeError(
                    f"{cls.__name__}.__init__() got an unexpected keyword argument {name!r}"
                )
        given.update(named)
        for name in names:
            if name not in given:
                value = defaults.get(name, _MISSING)
                if isinstance(value, _Field):
                    value = (
                        value.default
                        if value.default_factory is _MISSING
                        else value.default_factory()
                    )
                if value is _MISSING:
                    raise TypeError(
                        f"{cls.__name__}.__init__() missing a required argument: {name!r}"
                    )
                given[name] = value
            self.__dict__[name] = given[name]
        if hasattr(self, "__post_init__"):
            self.__post_init__()

    def values(self):
        return tuple(getattr(self, name) for name in names)

    def __repr__(self):
        return f"{cls.__name__}({', '.join(f'{n}={v!r}' for n, v in zip(names, values(self)))})"

    def __eq__(self, other):
        return (
            values(self) == values(other)
            if other.__class__ is self.__class__
            else NotImplemented
        )

    def refuse(self, name, value):
        raise AttributeError(f"cannot assign to field {name!r}")

    cls._all_fields = tuple(names)
    cls.__init__, cls.__repr__, cls.__eq__ = __init__, __repr__, __eq__
    if frozen:
        cls.__setattr__ = refuse
        cls.__hash__ = lambda self: hash(values(self))
    return cls


def replace(one, **changes):
    return type(one)(
        **{name: changes.get(name, getattr(one, name)) for name in one._all_fields}
    )


def asdict(one):
    return {name: getattr(one, name) for name in one._all_fields}
