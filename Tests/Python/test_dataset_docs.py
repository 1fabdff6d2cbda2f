"""docs/datasets.md is what the contracts say."""

import subprocess

from vendorfiles import ROOT


def test_the_datasets_are_described_as_the_contracts_say():
    done = subprocess.run([ROOT / "Scripts" / "dataset-docs", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stderr}: run Scripts/dataset-docs"
