select * from {{ ref('int_customer_mart') }} where grain = 'month'
