{{ sku_mart('month') }}
