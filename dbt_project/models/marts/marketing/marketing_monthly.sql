select * from {{ ref('int_marketing_mart') }} where grain = 'month'
