-- What the catalogues said of each product, and of each variant, over time: half-open spans. If a platform has only variants, the product
-- is made of them. There is nothing before a product's first version, nor after a complete list no longer names it.
-- The days are the store's: a version held during a part of every day from from_date to last_date, and at the end of every day from
-- from_date to the day before until_date. One row per store, product, variant (null: the product) and span.
{%- set open = "cast('9999-12-31 00:00:00+00:00' as " ~ t('instant') ~ ")" %}
with

told as (

    {{ union_staging('products') }}

),

own_rows as (

    select told.*, told.sku_id as variant_id
    from told

    union all

    select told.*, null as variant_id
    from told
    left join (select distinct platform, store_id, product_id from told where sku_id is null) as own
        on told.platform = own.platform and told.store_id = own.store_id and told.product_id = own.product_id
    where told.sku_id is not null and own.product_id is null

),

-- Where two accounts read one store, the version that began last holds. Of two that began at the same moment, that of the account still
-- in accounts.yml holds, because no list ends the versions of an account that left; then the one that ended last, or has not ended.
in_order as (

    select
        own_rows.*,
        lead(own_rows.valid_from_at) over (
            partition by own_rows.platform, own_rows.store_id, own_rows.product_id, own_rows.variant_id
            order by
                own_rows.valid_from_at, coalesce(accounts.is_active, true), coalesce(own_rows.valid_until_at, {{ open }}),
                own_rows.load_id, own_rows.account_id, own_rows.sku_id
        ) as next_from_at
    from own_rows
    left join {{ source('raw_daybook', 'accounts') }} as accounts on own_rows.account_id = accounts.account_id

),

spans as (

    select
        platform,
        store_id,
        product_id,
        variant_id as sku_id,
        product_name,
        category_path,
        list_price,
        currency,
        is_on_sale,
        stock,
        listed_at,
        modified_at,
        valid_from_at,
        least(coalesce(valid_until_at, {{ open }}), coalesce(next_from_at, {{ open }})) as valid_until_at
    from in_order

)

select
    spans.platform,
    spans.store_id,
    spans.product_id,
    spans.sku_id,
    spans.product_name,
    -- A version without a category keeps the one named before.
    coalesce(spans.category_path, categories.category_path) as category_path,
    spans.list_price,
    spans.currency,
    spans.is_on_sale,
    spans.stock,
    spans.listed_at,
    spans.modified_at,
    spans.valid_from_at,
    spans.valid_until_at,
    {{ store_date('spans.valid_from_at', 'from_zone.time_zone') }} as from_date,
    -- A version that ends at midnight does not hold on the day that begins then.
    {{ store_date("greatest(spans.valid_from_at, spans.valid_until_at - interval 1 second)", 'until_zone.time_zone') }} as last_date,
    {{ store_date('spans.valid_until_at', 'until_zone.time_zone') }} as until_date
from spans
left join {{ ref('int_product_categories') }} as categories
    on spans.platform = categories.platform
    and spans.store_id = categories.store_id
    and spans.product_id = categories.product_id
    and spans.valid_from_at >= categories.valid_from_at
    and spans.valid_from_at < categories.valid_until_at
left join {{ ref('int_store_zones') }} as from_zone
    on spans.store_id = from_zone.store_id
    and spans.valid_from_at >= from_zone.valid_from_at
    and spans.valid_from_at < from_zone.valid_until_at
left join {{ ref('int_store_zones') }} as until_zone
    on spans.store_id = until_zone.store_id
    and spans.valid_until_at > until_zone.valid_from_at
    and spans.valid_until_at <= until_zone.valid_until_at
where spans.valid_until_at > spans.valid_from_at
