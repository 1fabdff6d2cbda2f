"""What the sample lake of conftest.py holds."""

import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATES = ("2026-03-02", "2026-03-03")
QUIET_DATE = "2026-03-04"
WINDOW = {"start": "09:40", "end": "09:40:20"}
PRODUCTS = {"future_mbo": "ES", "equity_mbo": "SPY", "future_option_mbo": "ES", "equity_option_mbo": "SPY"}
