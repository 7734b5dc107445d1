{{ attribute_mart('buyer_type', 'month') }}
