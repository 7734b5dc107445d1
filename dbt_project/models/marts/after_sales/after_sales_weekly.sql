select * from {{ ref('int_after_sales_mart') }} where grain = 'week'
