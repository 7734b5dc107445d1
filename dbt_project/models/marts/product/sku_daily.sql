{{ sku_mart('day') }}
