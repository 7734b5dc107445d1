-- What the rows of an item have in common, whatever the period. One row per level, store and item.
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

)
{%- for level, item in item_levels().items() %}

select
    '{{ level }}' as level,
    store_id,
    {{ item }} as item_id,
    max(product_id) as product_id,
    max(product_name) as item_name,
    min(first_paid_date) as first_paid_date
from seen
where {{ item }} is not null
group by store_id, {{ item }}
{{ "union all" if not loop.last }}
{%- endfor %}
