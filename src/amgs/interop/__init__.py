"""Foreign formats in and out: one file each, for what others wrote."""
