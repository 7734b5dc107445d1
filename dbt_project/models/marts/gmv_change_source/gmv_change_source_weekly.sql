{{ gmv_change_source_mart('week') }}
