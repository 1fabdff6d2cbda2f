"""Seconds that the vendor's package takes: bronze_databento.py decode|parquet FILE.dbn.zst OUT.parquet"""

import sys
import time
from pathlib import Path

import databento
import databento_dbn
import zstandard

what, file, out = sys.argv[1:]
start = time.monotonic()
if what == "decode":
    decoder, count = databento_dbn.DBNDecoder(), 0
    with open(file, "rb") as raw, zstandard.ZstdDecompressor().stream_reader(raw) as stream:
        while part := stream.read(1 << 20):
            decoder.write(part)
            count += len(decoder.decode())
    assert count > 0
else:
    Path(out).unlink(missing_ok=True)
    databento.DBNStore.from_file(file).to_parquet(out)
print(time.monotonic() - start)
