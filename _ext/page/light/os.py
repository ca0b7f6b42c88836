"""There are no files on a page."""


class path:
    def dirname(path):
        return path.rpartition("/")[0]


def urandom(count):
    from _random import Random

    return bytes([int(256 * Random().random()) for _ in range(count)])


def fspath(path):
    return path


environ = {}
