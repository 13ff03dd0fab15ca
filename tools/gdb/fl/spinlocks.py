"""The ticket lock of base/spinlock.hpp, in words."""


def state_of(lock):
    """What the lock's two words tell; None: it is free."""
    taken = (int(lock["next_"]) - int(lock["serving_"])) & 0xFFFF
    if taken == 0:
        return None
    return "held" if taken == 1 else f"held, and {taken - 1} CPU{'s' if taken > 2 else ''} wait{'' if taken > 2 else 's'} for it"
