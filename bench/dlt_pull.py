"""The alternative tool: dlt's REST source into DuckDB, run by a Python that has dlt installed.

    python bench/dlt_pull.py URL FOLDER plain|tuned

Both yield typed tables `shop.orders` and `shop.orders__line_items`, among others. plain: as the documentation starts.
tuned: the settings its performance page offers for one source on two cores: parallel pages, Parquet between the steps,
large buffers, several workers, and one level of nesting, so that only the lines become a table of their own.
"""

import os
import sys

URL, FOLDER, MODE = sys.argv[1:4]
if MODE == "tuned":
    os.environ |= {
        "NORMALIZE__WORKERS": "2",
        "EXTRACT__WORKERS": "8",
        "LOAD__WORKERS": "2",
        "DATA_WRITER__BUFFER_MAX_ITEMS": "50000",
        "NORMALIZE__DATA_WRITER__BUFFER_MAX_ITEMS": "50000",
        "NORMALIZE__DATA_WRITER__FILE_MAX_ITEMS": "50000",
        "EXTRACT__DATA_WRITER__FILE_MAX_ITEMS": "50000",
        "NORMALIZE__LOADER_FILE_FORMAT": "parquet",
    }
os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"

import dlt  # noqa: E402
from dlt.sources.rest_api import rest_api_source  # noqa: E402

source = rest_api_source(
    {
        "client": {"base_url": f"{URL}/wp-json/wc/v3/"},
        "resource_defaults": {"primary_key": "id"},
        "resources": [
            {
                "name": "orders",
                "parallelized": MODE == "tuned",
                "endpoint": {
                    "path": "orders",
                    "params": {"per_page": 100, "status": "any"},
                    "paginator": {
                        "type": "page_number",
                        "base_page": 1,
                        "total_path": None,
                        "stop_after_empty_page": True,
                    },
                },
            }
        ],
    },
    max_table_nesting=1 if MODE == "tuned" else None,
)
pipeline = dlt.pipeline(
    "bench",
    destination=dlt.destinations.duckdb(f"{FOLDER}/bench.duckdb"),
    dataset_name="shop",
    pipelines_dir=f"{FOLDER}/pipelines",
)
kwargs = {"loader_file_format": "parquet"} if MODE == "tuned" else {}
pipeline.run(source, **kwargs)
