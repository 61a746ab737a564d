"""How an old database becomes a new one; run by `amgs.store.opening`."""
