{{ gmv_change_source_mart('month') }}
