{{ attribute_mart('region', 'month') }}
