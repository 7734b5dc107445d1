{{ category_mart('week') }}
