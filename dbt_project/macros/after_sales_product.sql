{#
  after_sales_product_*: each product's reason with the earlier periods it is compared with. In an earlier period whose orders were
  loaded, a product without a row had nothing come back.
#}
{% macro after_sales_product_mart(grain) %}
{{ config(**rebuilt([
    "{{ in_affected_periods('held') }}",
    "{{ in_changed_items(\"'product'\", 'held.store_id', 'held.product_id') }}",
])) }}
{%- set measures = {'refunds': 'bigint', 'refund_goods': 'decimal(18, 2)'} %}
{%- set rows = 'rows_read' if only_changes() %}
{%- if only_changes() %}
with

rows_read as (

    select *
    from {{ ref('int_after_sales_product_by_period') }} as held
    where {{ in_periods_read('held', grain) }}
        or {{ in_changed_items("'product'", 'held.store_id', 'held.product_id') }}

)
{% endif %}
select
    this.store_id,
    this.product_id,
    items.item_name as product_name,
    this.reason,
    {{ period_columns() }},
    this.refunds,
    this.refunds_timed,
    this.refund_only,
    this.return_refund,
    this.before_shipment,
    this.exchanges,
    this.refund_units,
    this.refund_goods,
    this.refund_hours,
    this.avg_refund_hours,
    {{ compared(measures, nothing_where='is_orders_loaded') }}
from (
    select *
    from {{ rows or ref('int_after_sales_product_by_period') }} as held
    where grain = '{{ grain }}' and span_days = 0
        {%- if only_changes() %}
        and (
            {{ in_affected_periods('held') }}
            or {{ in_changed_items("'product'", 'held.store_id', 'held.product_id') }}
        )
        {%- endif %}
) as this
left join {{ ref('int_items') }} as items
    on items.level = 'product'
    and this.store_id = items.store_id
    and this.product_id = items.item_id
{{ joined_to_its_span() }}
{{ joined_to_compared_spans() }}
{{ compared_spans('int_after_sales_product_by_period', ['store_id', 'product_id', 'reason'], 'spans', rows=rows) }}
{% endmacro %}
