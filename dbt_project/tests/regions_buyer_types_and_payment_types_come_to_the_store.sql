-- Each trait parts the store: its values add up to it, at every grain, for every store and for ALL.
{%- set measures = ['orders_created', 'orders_unpaid', 'orders_created_paid', 'orders_paid', 'goods_paid', 'paid_amount', 'refund_amount', 'net_sales', 'refund_goods_cohort',
    'gift_cards_sold', 'gift_cards_redeemed', 'first_orders', 'first_order_amount', 'new_buyer_amount', 'paid_amount_mature', 'refund_amount_cohort_30d',
    'deposit_received', 'deposit_forfeited'] %}

with

parts as (
    {%- for trait in ['region', 'buyer_type', 'payment_type'] %}
    {%- for grain in ['daily', 'weekly', 'monthly'] %}
    select
        '{{ trait }}' as trait,
        grain,
        store_id,
        period_start
        {%- for name in measures %},
        case when count(*) = count({{ name }}) then sum({{ name }}) end as {{ name }}
        {%- endfor %}
    from {{ ref(trait ~ '_' ~ grain) }}
    group by grain, store_id, period_start
    {{ "union all" if not loop.last }}
    {%- endfor %}
    {{ "union all" if not loop.last }}
    {%- endfor %}

),

stores as (
    {%- for grain in ['daily', 'weekly', 'monthly'] %}
    select
        grain,
        store_id,
        period_start
        {%- for name in measures %},
        {{ name }}
        {%- endfor %}
    from {{ ref('store_' ~ grain) }}
    where orders_created > 0 or orders_paid > 0 or refunds > 0 or deposit_received > 0 or deposit_forfeited > 0
    {{ "union all" if not loop.last }}
    {%- endfor %}

)

select parts.trait, stores.grain, stores.store_id, stores.period_start
from stores
left join parts
    on stores.grain = parts.grain
    and stores.store_id = parts.store_id
    and stores.period_start = parts.period_start
where parts.trait is null
    {%- for name in measures %}
    or parts.{{ name }} is distinct from stores.{{ name }}
    {%- endfor %}
