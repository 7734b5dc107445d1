{{ after_sales_product_mart('week') }}
