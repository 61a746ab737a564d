"""The command line: one module per command, each reads its input, calls the library and prints.

Adding a command is one module with a function of its name, and one line in
`amgs.cli.main.COMMANDS`. Modules here import nothing heavy at the top, so that ``amgs --help``
stays fast.
"""
