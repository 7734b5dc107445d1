{{ category_mart('day') }}
