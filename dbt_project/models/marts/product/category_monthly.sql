{{ category_mart('month') }}
