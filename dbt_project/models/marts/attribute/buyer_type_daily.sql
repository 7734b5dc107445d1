{{ attribute_mart('buyer_type', 'day') }}
