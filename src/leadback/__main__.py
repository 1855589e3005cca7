"""`python -m leadback` is the program `leadback`."""

from leadback.cli.main import main

if __name__ == "__main__":
    main()
