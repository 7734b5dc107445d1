-- What platforms say of each product's or variant's visitors: day, week and month figures side by side, because people of
-- a week cannot be made from days. Several sites that show one product share people nobody can tell apart.
-- One row per level, store, item, grain and period.
with

product_traffic as (

    {{ union_staging('product_traffic') }}

)

select
    case when sku_id is null then 'product' else 'sku' end as level,
    store_id,
    coalesce(sku_id, product_id) as item_id,
    grain,
    period_start,
    max(product_id) as product_id,
    max(sku_id) as sku_id,
    max(product_name) as product_name,
    {%- for name in ['exposures', 'search_exposures', 'search_clicks', 'page_views', 'cart_units'] %}
    cast(sum({{ name }}) as bigint) as {{ name }},
    {%- endfor %}
    {%- for name in ['visitors', 'cart_visitors', 'fav_visitors'] %}
    case when count(*) = 1 then max({{ name }}) end as {{ name }},
    {%- endfor %}
    cast(sum(visitors) as bigint) as visitor_days,
    max(load_id) as load_id
from product_traffic
where coalesce(sku_id, product_id) is not null
group by case when sku_id is null then 'product' else 'sku' end, store_id, coalesce(sku_id, product_id), grain, period_start
