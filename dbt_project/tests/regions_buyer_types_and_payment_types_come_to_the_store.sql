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
        period_start,
        {{ measures | join(', ') }},
        refunds
    from {{ ref('store_' ~ grain) }}
    {{ "union all" if not loop.last }}
    {%- endfor %}

)

-- A quiet period has no rows of traits, and what has some is a period of the store.
select traits.trait, parts.trait as found, stores.grain, stores.store_id, stores.period_start
from stores
cross join (select 'region' as trait union all select 'buyer_type' union all select 'payment_type') as traits
full join parts
    on traits.trait = parts.trait
    and stores.grain = parts.grain
    and stores.store_id = parts.store_id
    and stores.period_start = parts.period_start
where case
    when parts.trait is null
        then stores.orders_created > 0 or stores.orders_paid > 0 or stores.refunds > 0 or stores.deposit_received > 0 or stores.deposit_forfeited > 0
    else
        stores.store_id is null
        {%- for name in measures %}
        or parts.{{ name }} is distinct from stores.{{ name }}
        {%- endfor %}
end
