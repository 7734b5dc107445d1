{{ attribute_mart('payment_type', 'month') }}
