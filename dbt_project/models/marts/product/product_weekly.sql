{{ product_mart('week') }}
