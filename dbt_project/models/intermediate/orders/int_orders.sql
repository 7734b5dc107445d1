-- Orders with what became of them: refunds so far at the rate of the sale, their outcome, and their place in the
-- buyer's history (over all of it, in this store and, as …_all, in all stores of the platform). One row per order.
{{ config(**rebuilt(["{{ in_orders_to_write('held') }}"])) }}
{%- set parts = ['goods', 'shipping', 'tax'] %}
{%- set histories = {'': 'in_store', '_all': 'in_platform'} %}
{%- set before = ['buyer_order_number', 'previous_paid_date'] %}
{%- set others = ['next_paid_date', 'first_paid_date', 'first_buyer_type'] %}

with

orders as (

    select *
    from {{ ref('int_order_totals') }} as orders
    {%- if only_changes() %}
    where {{ in_orders_to_write('orders') }}
    {%- endif %}

),

refunds as (

    select
        platform,
        store_id,
        order_id,
        count(*) as refunds,
        max(refunded_at) as last_refunded_at,
        cast(sum(refund_units) as decimal(18, 4)) as refund_units,
        {%- for part in parts %}
        {%- set within_30d = 'case when refunded_at <= order_paid_at + interval ' ~ 30 * 24 ~ ' hour then refund_' ~ part ~ '_cohort else 0 end' %}
        {%- for name, amount in {'orig': 'refund_' ~ part ~ '_orig', 'cohort': 'refund_' ~ part ~ '_cohort', 'cohort_30d': within_30d}.items() %}
        case when count(*) = count({{ amount }}) then {{ added_up(amount) }} end as refund_{{ part }}_{{ name }}
        {{- "," if not loop.last }}
        {%- endfor %}
        {{- "," if not loop.last }}
        {%- endfor %}
    from {{ ref('int_refunds') }} as refunds
    where is_counted and is_linked
        {%- if only_changes() %}
        and {{ in_orders_to_write('refunds') }}
        {%- endif %}
    group by platform, store_id, order_id

),

-- Only paid, counted orders with a buyer's key make a history. They are in the order of their days first, then of their times: two shops in
-- different zones may put the later order on the earlier day, and periods are made of days. This reads the table and not the CTE above,
-- because DuckDB would hold every column of every order in memory for a CTE that is read twice.
buyer_orders as (

    select
        platform,
        store_id,
        order_id,
        {%- for scope, history in histories.items() %}
        row_number() over {{ history }} as buyer_order_number{{ scope }},
        lag(paid_date) over {{ history }} as previous_paid_date{{ scope }},
        lead(paid_date) over {{ history }} as next_paid_date{{ scope }},
        first_value(paid_date) over {{ history }} as first_paid_date{{ scope }},
        first_value(coalesce(buyer_type, 'unknown')) over {{ history }} as first_buyer_type{{ scope }}
        {{- "," if not loop.last }}
        {%- endfor %}
    from {{ ref('int_order_totals') }} as orders
    where is_counted and buyer_key is not null
        {%- if only_changes() %}
        and {{ in_changed_buyers('orders') }}
        {%- endif %}
    window
        in_store as (partition by platform, store_id, buyer_key order by paid_date, paid_at, created_at, order_id),
        in_platform as (partition by platform, buyer_key order by paid_date, paid_at, created_at, store_id, order_id)

),

named as (

    select
        orders.*,
        coalesce(refunds.refunds, 0) as refunds,
        refunds.last_refunded_at,
        coalesce(refunds.refund_units, 0) as refund_units,
        {%- for part in parts %}
        {%- for name in ['orig', 'cohort', 'cohort_30d'] %}
        case when refunds.order_id is null then 0 else refunds.refund_{{ part }}_{{ name }} end as refund_{{ part }}_{{ name }},
        {%- endfor %}
        {%- endfor %}
        case
            when not orders.is_paid then null
            when orders.order_state = 'cancelled' then 'cancelled'
            -- Rounded: the share of a line may have fractions of a cent, which nobody can pay back.
            when round(refunds.refund_goods_orig + refunds.refund_shipping_orig + refunds.refund_tax_orig, 2) >= round(orders.paid_amount_orig, 2)
                and orders.paid_amount_orig > 0 then 'fully_refunded'
            -- An amount that is not known is still some money.
            when refunds.refunds > 0 and coalesce(refunds.refund_goods_orig + refunds.refund_shipping_orig + refunds.refund_tax_orig, 1) > 0
                then 'partly_refunded'
            else 'kept'
        end as outcome
    from orders
    left join refunds
        on orders.platform = refunds.platform
        and orders.store_id = refunds.store_id
        and orders.order_id = refunds.order_id

)

-- `print` is a hash of the row, for int_day_prints. It is made when the row is written, so that no night has to make it for every row. Of
-- the buyer's history it has only what came before, because a later order is no event of this day.
select
    named.*,
    {%- set printed = [] %}
    {%- for scope in histories %}
    {%- for name in before + others %}
    buyer_orders.{{ name ~ scope }},
    {%- do printed.append('buyer_orders.' ~ name ~ scope) if name in before %}
    {%- endfor %}
    {%- endfor %}
    {{ row_print('named', printed) }} as print
from named
left join buyer_orders
    on named.platform = buyer_orders.platform
    and named.store_id = buyer_orders.store_id
    and named.order_id = buyer_orders.order_id
