select * from {{ ref('int_margin_mart') }} where grain = 'day'
