"""Foreign formats in and out: base → the contract; formats → the table; then one file each."""
