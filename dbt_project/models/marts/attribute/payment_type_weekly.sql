{{ attribute_mart('payment_type', 'week') }}
