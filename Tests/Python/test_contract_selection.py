"""silver.future_mbo.contract_day by docs/spec/book.md, section 10: worked days, from vendor files on."""

import datetime

import pytest

import vendorfiles
from pipeline import Lake
from vendorfiles import SECOND, future, midnight, order

SUMMER = ("2026-03-08", "2026-11-01")


def new_york(date, hour, minute=0):
    """UTC nanoseconds of a New York time in 2026."""
    offset = 4 if SUMMER[0] <= date < SUMMER[1] else 5
    return midnight(date) + ((hour + offset) * 3600 + minute * 60) * SECOND


def trade(contract, size, at, **more):
    return {"contract": contract, "size": size, "at": at} | more


def session(date, **volumes):
    """A plain trading date: each contract trades its volume, one of them before 08:30."""
    return [trade(contract, size, new_york(date, 7 + index)) for index, (contract, size) in enumerate(volumes.items())]


def choose(folder, days, wanted, definitions=None, **options):
    """Makes the files of the days, and runs bronze and contract_day for the wanted dates."""
    lake = Lake(folder / "lake")
    contracts = sorted({one["contract"] for trades in days.values() for one in trades} | {"ESH6", "ESM6"})
    instruments = {contract: index for index, contract in enumerate(contracts, 1)}
    for date, trades in days.items():
        rows = [
            order(one.get("action", "T"), "A", 0, 25_000_000_000, one["size"], at=one["at"],
                  instrument_id=instruments[one["contract"]], **one.get("more", {}))
            for one in trades
        ]  # fmt: skip
        lake.add(vendorfiles.mbo_file(folder / f"{date}.mbo.dbn.zst", rows, date, instruments))
        if definitions:
            records = vendorfiles.records(
                "definition", [future(contract, instruments[contract], at) for contract, at in definitions]
            )
            header = vendorfiles.metadata("definition", instruments, date)
            lake.add(vendorfiles.write(folder / f"{date}.definition.dbn.zst", header, records))
    lake.run("bronze", "ES", ",".join(days)).exits(0)
    return lake, lake.run("silver", "ES", ",".join(wanted), table="contract_day", **options)


def row(lake, date):
    (found,) = lake.table("silver.future_mbo.contract_day", "ES", date).to_pylist()
    return tuple(str(value) if isinstance(value, datetime.date) else value for value in found.values())


def test_the_volume_of_the_date_before_decides_and_a_change_is_a_roll(tmp_path):
    days = {
        "2026-03-02": session("2026-03-02", ESH6=100, ESM6=50),
        "2026-03-03": session("2026-03-03", ESH6=40, ESM6=90),
        "2026-03-04": session("2026-03-04", ESH6=1000, ESM6=1),
    }
    lake, result = choose(tmp_path, days, days)
    result.exits(0)
    # The first date knows no volumes: equal, so the earliest expiration, the third Friday of March.
    assert row(lake, "2026-03-02") == ("2026-03-02", "ESH6", "2026-03-20", None, 0, 0, False)
    assert row(lake, "2026-03-03") == ("2026-03-03", "ESH6", "2026-03-20", "2026-03-02", 100, 50, False)
    assert row(lake, "2026-03-04") == ("2026-03-04", "ESM6", "2026-06-18", "2026-03-03", 90, 40, True)


def test_a_date_without_an_early_trade_is_no_trading_date(tmp_path):
    """It has no row, is reported, and does not count as the date before."""
    late = [trade("ESM6", 500, new_york("2026-03-03", 8, 30)), trade("ESM6", 500, new_york("2026-03-03", 5) - 1)]
    days = {
        "2026-03-02": session("2026-03-02", ESH6=100, ESM6=50),
        "2026-03-03": late,
        "2026-03-04": session("2026-03-04", ESH6=1),
    }
    lake, result = choose(tmp_path, days, days)
    result.exits(0)
    assert row(lake, "2026-03-04")[:6] == ("2026-03-04", "ESH6", "2026-03-20", "2026-03-02", 100, 50)
    assert not lake.folder("silver.future_mbo.contract_day", "ES", "2026-03-03").exists()
    notes = {task["dt"]: task["note"] for task in result.json["tasks"]}
    assert "no trading date" in notes["2026-03-03"] and notes["2026-03-04"] is None


def test_early_and_late_edges_of_the_day(tmp_path):
    """Volume counts from 00:00 UTC to 16:00 New York; a trade at 05:00:00 is early, one at 08:30:00 is not."""
    date, before = "2026-03-04", "2026-03-03"
    days = {
        before: [
            trade("ESH6", 1, new_york(before, 5)),
            trade("ESH6", 10, midnight(before)),
            trade("ESH6", 100, new_york(before, 16) - 1),
            trade("ESM6", 1_000, midnight(before) - 1),
            trade("ESM6", 10_000, new_york(before, 16)),
            trade("ESM6", 50, new_york(before, 12)),
        ],
        date: session(date, ESH6=1),
    }
    lake, result = choose(tmp_path, days, [date])
    result.exits(0)
    assert row(lake, date) == (date, "ESH6", "2026-03-20", before, 111, 50, False)


def test_effective_times_count(tmp_path):
    """t_eff: a snapshot record's capture time, another record's event time, either when the other is undefined."""
    date, before = "2026-03-04", "2026-03-03"
    out, within = new_york(before, 17), new_york(before, 10)
    none = vendorfiles.NO_TIME
    days = {
        before: [
            trade("ESH6", 1, new_york(before, 6)),
            trade("ESH6", 2, out, more={"flags": 32, "ts_recv": within}),
            trade("ESH6", 4, within, more={"ts_recv": out}),
            trade("ESH6", 8, none, more={"ts_recv": within}),
            trade("ESM6", 1, within, more={"flags": 32, "ts_recv": out}),
            trade("ESM6", 2, out, more={"ts_recv": within}),
            trade("ESM6", 4, none, more={"ts_recv": out}),
        ],
        date: session(date, ESH6=1),
    }
    lake, result = choose(tmp_path, days, [date])
    result.exits(0)
    assert row(lake, date)[1:6] == ("ESH6", "2026-03-20", before, 15, 0)


def test_only_trades_count(tmp_path):
    date, before = "2026-03-04", "2026-03-03"
    filled = [trade("ESM6", 900, new_york(before, 10), action=action) for action in "FAMC"]
    days = {before: session(before, ESH6=5) + filled, date: session(date, ESH6=1)}
    lake, result = choose(tmp_path, days, [date])
    result.exits(0)
    assert row(lake, date)[1:6] == ("ESH6", "2026-03-20", before, 5, 0)


@pytest.mark.parametrize("date,chosen", [("2026-03-18", "ESH6"), ("2026-03-19", "ESM6")])
def test_an_expiration_is_a_date_in_new_york(tmp_path, date, chosen):
    """00:00 UTC of the 20th is the 19th in New York, and on its expiration date a contract is not eligible."""
    days = {"2026-03-17": session("2026-03-17", ESH6=100, ESM6=10), date: session(date, ESH6=1, ESM6=1)}
    definitions = [("ESH6", midnight("2026-03-20")), ("ESM6", midnight("2026-06-19"))]
    lake, result = choose(tmp_path, days, [date], definitions)
    result.exits(0)
    expiration = {"ESH6": "2026-03-19", "ESM6": "2026-06-18"}[chosen]
    volumes = {"ESH6": (100, 10), "ESM6": (10, 0)}[chosen]
    assert row(lake, date) == (date, chosen, expiration, "2026-03-17", *volumes, chosen == "ESM6")


def test_the_last_definition_of_a_contract_counts(tmp_path):
    definitions = [("ESH6", midnight("2026-03-04") + 15 * 3600 * SECOND), ("ESH6", midnight("2026-03-21"))]
    days = {"2026-03-03": session("2026-03-03", ESH6=9), "2026-03-04": session("2026-03-04", ESH6=1)}
    lake, result = choose(tmp_path, days, ["2026-03-04"], definitions)
    result.exits(0)
    assert row(lake, "2026-03-04")[1:3] == ("ESH6", "2026-03-20")


@pytest.mark.parametrize(
    "holidays,date,chosen",
    [(None, "2026-06-17", "ESM6"), (None, "2026-06-18", "ESU6"), ("2026-01-01", "2026-06-18", "ESM6"),
     ("2026-06-19,2026-06-18,2026-06-17", "2026-06-16", "ESU6")],
)  # fmt: skip
def test_the_third_friday_moves_off_a_holiday(tmp_path, holidays, date, chosen):
    """19 June 2026 is the third Friday, and a holiday unless a list replaces the rule."""
    days = {"2026-06-15": session("2026-06-15", ESM6=10, ESU6=5), date: session(date, ESM6=1)}
    options = {"set": f"holidays={holidays}"} if holidays else {}
    lake, result = choose(tmp_path, days, [date], **options)
    result.exits(0)
    assert row(lake, date)[1] == chosen


def test_years_of_one_and_two_digits(tmp_path):
    """ESH26 is of 2026; ESZ5 seen from 2026 is of 2025 and has expired; ESH5 too; ESM4 is of 2034."""
    date, before = "2026-03-04", "2026-03-03"
    volumes = {"ESH26": 5, "ESZ5": 900, "ESH5": 800, "ESM4": 4}
    days = {before: session(before, **volumes), date: session(date, ESH26=1)}
    lake, result = choose(tmp_path, days, [date])
    result.exits(0)
    assert row(lake, date) == (date, "ESH26", "2026-03-20", before, 5, 4, False)


def test_ties_go_to_the_earliest_expiration_then_the_smallest_symbol(tmp_path):
    date, before = "2026-03-04", "2026-03-03"
    days = {before: session(before, ESM6=7, ESH6=7, ESH26=7), date: session(date, ESM6=1)}
    lake, result = choose(tmp_path, days, [date])
    result.exits(0)
    assert row(lake, date) == (date, "ESH26", "2026-03-20", before, 7, 7, False)


def test_no_eligible_contract_is_an_error(tmp_path):
    date = "2026-12-28"
    days = {date: session(date, ESH6=1, ESM6=1)}
    lake, result = choose(tmp_path, days, [date])
    result.exits(4, r"no contract of ES expires after 2026-12-28")
    assert lake.hashes("silver") == {} and lake.leftovers() == []


def test_what_comes_later_does_not_change_a_choice(tmp_path):
    """The dates made one by one, backwards, are those made together; more history makes a choice stale."""
    days = {
        "2026-03-02": session("2026-03-02", ESH6=100, ESM6=50),
        "2026-03-03": session("2026-03-03", ESH6=40, ESM6=90),
        "2026-03-04": session("2026-03-04", ESH6=1000, ESM6=1),
    }
    together, result = choose(tmp_path / "a", days, days)
    result.exits(0)
    apart, result = choose(tmp_path / "b", days, ["2026-03-04"])
    result.exits(0)
    for date in ("2026-03-02", "2026-03-03"):
        apart.run("silver", "ES", date, table="contract_day").exits(0)
    assert apart.hashes() == together.hashes()


def test_history_that_comes_later_makes_a_choice_stale(tmp_path):
    first = {"2026-03-04": session("2026-03-04", ESH6=5, ESM6=1)}
    lake, result = choose(tmp_path, first, first)
    result.exits(0)
    assert row(lake, "2026-03-04")[1] == "ESH6"
    instruments = {"ESH6": 1, "ESM6": 2}
    rows = [order("T", "A", 0, 25_000_000_000, 9, at=new_york("2026-03-03", 7), instrument_id=2)]
    lake.add(vendorfiles.mbo_file(tmp_path / "earlier.mbo.dbn.zst", rows, "2026-03-03", instruments))
    lake.run("bronze", "ES", "2026-03-03").exits(0)
    lake.run("silver", "ES", "2026-03-04", table="contract_day").exits(4, r"contract_day ES 2026-03-04 is stale")
    lake.run("silver", "ES", "2026-03-04", "--overwrite", table="contract_day").exits(0)
    assert row(lake, "2026-03-04")[1:6] == ("ESM6", "2026-06-18", "2026-03-03", 9, 0)
