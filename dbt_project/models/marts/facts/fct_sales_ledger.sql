-- A sale never moves: what happens later is a new row on its own day. Money and quantities are signed, so any sum is a net.
-- A view of the facts, which have these amounts in cents: a table of it was written from the same rows a second time.
{{ config(materialized='view') }}
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
    goods_paid{{ suffix }} as goods{{ suffix }},
    shipping_charged{{ suffix }} as shipping{{ suffix }},
    tax{{ suffix }} as tax{{ suffix }},
    paid_amount{{ suffix }} as amount{{ suffix }},
    other_charged{{ suffix }} as other{{ suffix }}
    {{- "," if not loop.last }}
    {%- endfor %}
from {{ beside_it(ref('fct_orders')) }}
where paid_date is not null and exclude_reason is null

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
    cast(-refund_amount{{ suffix }} as decimal(18, 2)) as amount{{ suffix }},
    cast(-refund_other{{ suffix }} as decimal(18, 2)) as other{{ suffix }}
    {{- "," if not loop.last }}
    {%- endfor %}
from {{ beside_it(ref('fct_refunds')) }}
where is_counted
