"""``python -m agent_agency`` is ``agency``."""

from agent_agency.cli.main import main

if __name__ == "__main__":
    main()
