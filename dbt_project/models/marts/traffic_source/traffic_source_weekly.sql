select * from {{ ref('int_traffic_source_mart') }} where grain = 'week'
