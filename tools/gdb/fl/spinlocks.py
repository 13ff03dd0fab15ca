"""The ticket lock of base/spinlock.hpp, in words."""


def state_of(lock):
    """What the lock's two numbers tell; None: it is free."""
    both = int(lock["tickets_"]["both"])
    taken = ((both >> 16) - both) & 0xFFFF
    if taken == 0:
        return None
    return "held" if taken == 1 else f"held, and {taken - 1} CPU{'s' if taken > 2 else ''} wait{'' if taken > 2 else 's'} for it"
