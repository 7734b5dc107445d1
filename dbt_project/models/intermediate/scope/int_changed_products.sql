-- Products whose category over time differs from that of the last whole build: their sales may belong to another category now. One row
-- per product; none in a full build, which needs no list.
select distinct
    coalesce(categories.platform, before.platform) as platform,
    coalesce(categories.store_id, before.store_id) as store_id,
    coalesce(categories.product_id, before.product_id) as product_id
from {{ ref('int_product_categories') }} as categories
full join {{ source('built', 'product_categories') }} as before
    on categories.platform = before.platform
    and categories.store_id = before.store_id
    and categories.product_id = before.product_id
    and categories.category_path = before.category_path
    and categories.valid_from_at = before.valid_from_at
    and categories.valid_until_at = before.valid_until_at
where (categories.product_id is null or before.product_id is null)
    and {{ 'true' if is_catching_up() else 'false' }}
