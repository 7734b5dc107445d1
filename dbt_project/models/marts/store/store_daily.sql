select * from {{ ref('int_store_mart') }} where grain = 'day'
