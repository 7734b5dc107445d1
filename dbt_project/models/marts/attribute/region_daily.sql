{{ attribute_mart('region', 'day') }}
