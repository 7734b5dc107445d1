-- What the rows of an item have in common, whatever the period. An item was launched on the earliest day on which any version in the
-- catalogue says that it was listed, or on which it sold before that: platforms that list goods again, as Taobao does each week, tell
-- only the last time. One row per level, store and item.
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

    select versions.store_id, versions.product_id, versions.sku_id,
        min({{ store_date('versions.listed_at', 'zones.time_zone') }}) as listed_date
    from {{ ref('int_product_versions') }} as versions
    inner join {{ ref('int_store_zones') }} as zones
        on versions.store_id = zones.store_id
        and versions.listed_at >= zones.valid_from_at
        and versions.listed_at < zones.valid_until_at
    group by versions.store_id, versions.product_id, versions.sku_id

)
{%- for level, item in item_levels().items() %}

select
    '{{ level }}' as level,
    store_id,
    item_id,
    max(product_id) as product_id,
    max(product_name) as item_name,
    min(first_paid_date) as first_paid_date,
    min(listed_date) as listed_date,
    least(min(first_paid_date), min(listed_date)) as launched_date
from (
    select store_id, {{ item }} as item_id, product_id, product_name, first_paid_date, cast(null as date) as listed_date from seen
    {%- if level in ['product', 'sku'] %}
    union all
    select store_id, {{ level }}_id as item_id, product_id, null, null, listed_date from listed
    {%- endif %}
) as told
where item_id is not null
group by store_id, item_id
{{ "union all" if not loop.last }}
{%- endfor %}
