{{ attribute_mart('payment_type', 'day') }}
