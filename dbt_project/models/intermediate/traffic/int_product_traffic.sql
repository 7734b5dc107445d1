-- What platforms say of each product's or variant's visitors: figures of days, weeks and months side by side, because the people of a
-- week cannot be made from days. Where several sites show one product, nobody can tell which people they share. category_path is where
-- the catalogue had the product at the end of the day; the first category known of a product holds for the time before, too. One row per
-- level, store, item, grain and period.
with

product_traffic as (

    {{ union_staging('product_traffic') }}

),

named as (

    select
        store_id,
        product_id,
        category_path,
        valid_from_at,
        from_date,
        lag(category_path) over (partition by store_id, product_id order by valid_from_at, platform) as category_before
    from {{ ref('int_product_versions') }}
    where sku_id is null and category_path is not null

),

categories as (

    select
        store_id,
        product_id,
        category_path,
        case when category_before is null then cast('1900-01-01' as date) else from_date end as from_date,
        coalesce(
            lead(from_date) over (partition by store_id, product_id order by valid_from_at, from_date), cast('9999-12-31' as date)
        ) as until_date
    from named
    where category_before is null or category_path <> category_before

),

told as (

    select
        case when sku_id is null then 'product' else 'sku' end as level,
        store_id,
        coalesce(sku_id, product_id) as item_id,
        grain,
        period_start,
        max(product_id) as product_id,
        max(product_name) as product_name,
        {%- for name in ['exposures', 'search_exposures', 'search_clicks', 'page_views', 'cart_units'] %}
        cast(sum({{ name }}) as bigint) as {{ name }},
        {%- endfor %}
        {%- for name in ['visitors', 'cart_visitors', 'fav_visitors'] %}
        case when count(*) = 1 then max({{ name }}) end as {{ name }},
        {%- endfor %}
        cast(sum(visitors) as bigint) as visitor_days
    from product_traffic
    where coalesce(sku_id, product_id) is not null
    group by case when sku_id is null then 'product' else 'sku' end, store_id, coalesce(sku_id, product_id), grain, period_start

)

select told.*, categories.category_path
from told
left join categories
    on told.store_id = categories.store_id
    and {{ only_where("told.level = 'product' and told.grain = 'day'", 'told.product_id') }} = categories.product_id
    and told.period_start >= categories.from_date
    and told.period_start < categories.until_date
