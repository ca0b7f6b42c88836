"""Where Python's own code is: nowhere that an answer could be."""


def get_path(name):
    return "VFS/"
