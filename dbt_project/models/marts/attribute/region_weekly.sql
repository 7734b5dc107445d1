{{ attribute_mart('region', 'week') }}
