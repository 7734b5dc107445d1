-- A sale never moves: what happens later is a new row on its own day. Money and quantities are signed, so any sum is a net.
{{ config(**rebuilt([
    "{{ in_changed_orders('held') }}",
    "held.event_type = 'refund' and {{ in_refunds_to_write('held', 'event_id') }}",
])) }}
select
    'sale' as event_type,
    platform,
    store_id,
    order_id,
    order_id as event_id,
    buyer_key,
    paid_at as event_at,
    paid_date as event_date,
    paid_date as order_paid_date,
    currency,
    store_currency,
    cast(units as decimal(18, 4)) as quantity,
    {%- for suffix in ['_orig', '_store', ''] %}
    cast(goods_paid{{ suffix }} as decimal(18, 2)) as goods{{ suffix }},
    cast(shipping_charged{{ suffix }} as decimal(18, 2)) as shipping{{ suffix }},
    cast(tax{{ suffix }} as decimal(18, 2)) as tax{{ suffix }},
    cast(goods_paid{{ suffix }} + shipping_charged{{ suffix }} + tax{{ suffix }} as decimal(18, 2)) as amount{{ suffix }}
    {{- "," if not loop.last }}
    {%- endfor %}
from {{ ref('int_orders') }} as orders
where is_paid
    {%- if only_changes() %}
    and {{ in_changed_orders('orders') }}
    {%- endif %}

union all

select
    'refund' as event_type,
    platform,
    store_id,
    order_id,
    refund_id as event_id,
    buyer_key,
    refunded_at as event_at,
    refund_date as event_date,
    order_paid_date,
    currency,
    store_currency,
    cast(-refund_units as decimal(18, 4)) as quantity,
    {%- for suffix in ['_orig', '_store', ''] %}
    cast(-refund_goods{{ suffix }} as decimal(18, 2)) as goods{{ suffix }},
    cast(-refund_shipping{{ suffix }} as decimal(18, 2)) as shipping{{ suffix }},
    cast(-refund_tax{{ suffix }} as decimal(18, 2)) as tax{{ suffix }},
    cast(-(refund_goods{{ suffix }} + refund_shipping{{ suffix }} + refund_tax{{ suffix }}) as decimal(18, 2)) as amount{{ suffix }}
    {{- "," if not loop.last }}
    {%- endfor %}
from {{ ref('int_refunds') }} as refunds
where is_counted
    {%- if only_changes() %}
    and {{ in_refunds_to_write('refunds') }}
    {%- endif %}
