"""``python -m agent_agency`` is ``agency``."""

import sys

if __name__ == "__main__":
    if not sys.flags.safe_path:
        # "-m" looks for modules in the current folder first: the reviewed tree must not supply any.
        del sys.path[0]
    from agent_agency.cli.main import main

    main()
