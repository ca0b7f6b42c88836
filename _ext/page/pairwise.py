

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
