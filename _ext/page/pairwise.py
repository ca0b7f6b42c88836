def pairwise(items):
    items = iter(items)
    for before in items:
        for item in items:
            yield (before, item)
            before = item


def batched(items, n):
    items = iter(items)
    while batch := tuple(islice(items, n)):
        yield batch


def accumulate(items, func=None, *, initial=None):
    total = initial
    if initial is not None:
        yield initial
    for item in items:
        total = (
            item
            if total is None
            else total + item
            if func is None
            else func(total, item)
        )
        yield total
