"""`python -m vibeshelf.ui.serve PAGE ...`: Streamlit, with what has to be there before the first visitor comes."""

from __future__ import annotations

import sys

from vibeshelf.core.settings import load_settings
from vibeshelf.services.monitoring import start_metrics


def main() -> None:
    """Run `streamlit run` with the arguments of this process."""
    from streamlit.web import cli

    # A monitor is answered from the start: one that is not, until somebody visits, would take the app for dead.
    start_metrics(load_settings())
    sys.argv = ["streamlit", "run", *sys.argv[1:]]
    cli.main()


if __name__ == "__main__":
    main()
