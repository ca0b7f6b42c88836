"""There are no files on a page."""


class path:
    def dirname(path):
        return path.rpartition("/")[0]


path = path
environ = {}
