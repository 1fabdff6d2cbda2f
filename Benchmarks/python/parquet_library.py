"""One library writes a file's rows and reads them again, on one thread.

    parquet_library.py LIBRARY MODEL.parquet OUT.parquet    seconds of both, and the file's size, as JSON
    parquet_library.py equal A.parquet B.parquet …          exit 0 if all hold the same values

MODEL is a file of tarn, from which the encodings are taken where the library lets one choose.
"""

import json
import os
import sys
import time

os.environ["POLARS_MAX_THREADS"] = "1"

import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402

pa.set_cpu_count(1)
pa.set_io_thread_count(1)
ROWS = 1 << 20


def timed(work):
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


def encodings(model):
    """Columns with a dictionary, and the encodings of the others, as the first row group has them."""
    group = pq.ParquetFile(model).metadata.row_group(0)
    dictionary, others = [], {}
    for i in range(group.num_columns):
        chunk = group.column(i)
        if chunk.has_dictionary_page:
            dictionary.append(chunk.path_in_schema)
        else:
            kind = next(e for e in chunk.encodings if e not in ("RLE", "PLAIN"))
            others[chunk.path_in_schema] = kind
    return dictionary, others


def pyarrow(table, model, out, defaults=False):
    options = {}
    if not defaults:
        dictionary, others = encodings(model)
        options = {
            "use_dictionary": dictionary, "column_encoding": others, "data_page_version": "2.0",
            "write_page_index": True, "write_page_checksum": True,
        }  # fmt: skip
    write = lambda: pq.write_table(table, out, row_group_size=ROWS, compression="zstd", compression_level=1, **options)  # noqa: E731
    return timed(write)[0], timed(lambda: pq.read_table(out, use_threads=False, partitioning=None))[0]


def polars(table, out):
    import polars as pl

    frame = pl.from_arrow(table)
    write = lambda: frame.write_parquet(out, compression="zstd", compression_level=1, row_group_size=ROWS)  # noqa: E731
    return timed(write)[0], timed(lambda: pl.read_parquet(out, hive_partitioning=False))[0]


def duckdb(model, out):
    import duckdb as db

    connection = db.connect(config={"threads": 1})
    connection.execute(f"CREATE TABLE rows AS FROM read_parquet('{model}', hive_partitioning = false)")
    copy = f"COPY rows TO '{out}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, PARQUET_VERSION v2, ROW_GROUP_SIZE {ROWS})"
    write = timed(lambda: connection.execute(copy))[0]
    read = f"CREATE TABLE again AS FROM read_parquet('{out}', hive_partitioning = false)"
    return write, timed(lambda: connection.execute(read))[0]


def equal(paths):
    """Values, whatever types the libraries give to instants and strings."""

    def plain(table):
        columns = {}
        for name in table.column_names:
            column = table[name].combine_chunks()
            if pa.types.is_dictionary(column.type):
                column = column.dictionary_decode()
            if pa.types.is_timestamp(column.type):
                column = column.cast(pa.timestamp("ns")).cast(pa.int64())
            elif pa.types.is_string(column.type) or pa.types.is_large_string(column.type) or column.type == pa.string_view():
                column = column.cast(pa.large_string())
            columns[name] = column
        return pa.table(columns)

    first = plain(pq.read_table(paths[0], partitioning=None))
    for path in paths[1:]:
        if not first.equals(plain(pq.read_table(path, partitioning=None))):
            sys.exit(f"{path} and {paths[0]} differ")


def main():
    if sys.argv[1] == "equal":
        return equal(sys.argv[2:])
    library, model, out = sys.argv[1:]
    if library == "duckdb":
        write, read = duckdb(model, out)
    else:
        table = pq.read_table(model, partitioning=None)
        if library == "polars":
            write, read = polars(table, out)
        else:
            write, read = pyarrow(table, model, out, defaults=library == "pyarrow-defaults")
    print(json.dumps({"write": write, "read": read, "bytes": os.path.getsize(out)}))


main()
