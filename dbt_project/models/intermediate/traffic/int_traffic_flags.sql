-- What tools that measure visits say they left out of a report or made of a sample. One row per account, grain, period and cut of it.
{{ union_staging('report_flags') }}
