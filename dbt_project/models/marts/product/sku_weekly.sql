{{ sku_mart('week') }}
