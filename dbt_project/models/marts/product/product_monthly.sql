{{ product_mart('month') }}
