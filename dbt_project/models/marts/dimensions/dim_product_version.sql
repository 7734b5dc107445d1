select
    platform,
    store_id,
    product_id,
    category_path,
    cast(list_price as decimal(18, 2)) as list_price,
    currency,
    is_on_sale,
    cast(stock as decimal(18, 4)) as stock_last,
    valid_from_at,
    valid_until_at,
    from_date,
    until_date
from {{ ref('int_product_versions') }}
where sku_id is null
