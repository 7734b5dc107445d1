{{ after_sales_product_mart('month') }}
