"""What the sample lake of conftest.py holds."""

import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATES = ("2026-03-02", "2026-03-03")
QUIET_DATE = "2026-03-04"
WINDOW = {"start": "09:40", "end": "09:41"}
# Products of order books and what is asked for of them; equity_taq is beside them.
PRODUCTS = {"future_mbo": "ES", "equity_mbo": "SPY", "future_option_mbo": "ES", "equity_option_mbo": "SPY"}
# Of a date without data nobody can say which contract of a root it is.
QUIET_SYMBOLS = {"future_mbo": "ESH6", "equity_mbo": "SPY", "future_option_mbo": "ESH6", "equity_option_mbo": "SPY"}
FEEDS = {
    "GLBX.MDP3": ("mbo", "definition", "statistics"), "XNAS.ITCH": ("mbo", "definition", "statistics", "mbp-1"),
    "OPRA.PILLAR": ("cmbp-1", "definition", "statistics"),
}  # fmt: skip
