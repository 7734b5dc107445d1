{{ attribute_mart('buyer_type', 'week') }}
