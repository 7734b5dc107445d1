-- What the rows of an item have in common, whatever the period. It was launched when the catalogue says it was listed, or sold before
-- that: a platform that lists goods again may tell the last time. One row per level, store and item.
{{ config(schema='intermediate', database=target.database if target.type == 'duckdb' else none, contract={'enforced': false}) }}

with

seen as (

    select store_id, product_id, sku_id, category_path, max(product_name) as product_name, min(paid_date) as first_paid_date
    from (
        select
            store_id, product_id, sku_id, category_path, product_name, paid_date
        from {{ ref('fct_order_lines') }}
        where line_class = 'product' and exclude_reason is null and paid_date is not null
        union all
        select store_id, product_id, sku_id, category_path, product_name, null as paid_date from {{ ref('fct_refund_lines') }}
    ) as lines
    group by store_id, product_id, sku_id, category_path

),

listed as (

    select products.store_id, products.product_id, products.sku_id,
        min({{ store_date('products.listed_at', 'zones.time_zone') }}) as listed_date
    from {{ ref('int_products') }} as products
    inner join {{ ref('int_store_zones') }} as zones
        on products.store_id = zones.store_id
        and products.listed_at >= zones.valid_from_at
        and products.listed_at < zones.valid_until_at
    group by products.store_id, products.product_id, products.sku_id

)
{%- for level, item in item_levels().items() %}

select
    '{{ level }}' as level,
    seen.store_id,
    seen.item_id,
    max(seen.product_id) as product_id,
    max(seen.product_name) as item_name,
    min(seen.first_paid_date) as first_paid_date,
    {% if level in ['product', 'sku'] -%} least(min(seen.first_paid_date), min(listed.listed_date))
    {%- else -%} min(seen.first_paid_date)
    {%- endif %} as launched_date
from (select *, {{ item }} as item_id from seen) as seen
{%- if level in ['product', 'sku'] %}
left join listed
    on seen.store_id = listed.store_id
    and seen.item_id = listed.{{ level }}_id
{%- endif %}
where seen.item_id is not null
group by seen.store_id, seen.item_id
{{ "union all" if not loop.last }}
{%- endfor %}
