-- In the order's, the store's and the reporting currency.
{%- set key = ['platform', 'store_id', 'order_id'] %}
{%- set amounts = ['goods_paid_orig', 'shipping_charged_orig', 'tax_orig', 'list_amount_orig', 'merchant_discount_orig',
    'platform_subsidy_orig', 'goods_paid_store', 'goods_paid', 'list_amount', 'merchant_discount', 'platform_subsidy'] %}

with

lines as (

    select
        platform,
        store_id,
        order_id,
        {%- for name in amounts %}
        sum({{ name }}) as {{ name }}
        {{- "," if not loop.last }}
        {%- endfor %}
    from {{ rows_written(ref('fct_order_lines'), 'int_orders_to_write', key) }} as order_lines
    where line_class = 'product'
    group by platform, store_id, order_id

)

select orders.platform, orders.store_id, orders.order_id
from {{ rows_written(ref('fct_orders'), 'int_orders_to_write', key) }} as orders
left join lines
    on orders.platform = lines.platform
    and orders.store_id = lines.store_id
    and orders.order_id = lines.order_id
where
    {%- for name in amounts %}
    coalesce(orders.{{ name }}, 0) <> coalesce(lines.{{ name }}, 0){{ " or" if not loop.last }}
    {%- endfor %}
