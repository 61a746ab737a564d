"""``python -m amgs``: the program, where its command is not on the path."""

from amgs.cli.main import main

if __name__ == "__main__":
    main()
