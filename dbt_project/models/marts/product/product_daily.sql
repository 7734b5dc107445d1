{{ product_mart('day') }}
