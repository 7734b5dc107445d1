select * from {{ ref('int_after_sales_product_mart') }} where grain = 'month'
