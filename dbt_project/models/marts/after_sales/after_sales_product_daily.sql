{{ after_sales_product_mart('day') }}
