"""`python -m textkaizen.cli`: the command line without its entry point."""

from textkaizen.cli import main

if __name__ == "__main__":
    main()
