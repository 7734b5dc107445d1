-- The one SELECT behind region_*, buyer_type_* and payment_type_*: what was sold and refunded by a trait of the order, in each
-- span. A refund follows its order; orders that do not say are 'unknown', never left out. One row per trait, store (and
-- ALL), value, grain, period and span.
{{ config(**rebuilt(["{{ in_affected_spans('held') }}"])) }}
{%- set traits = ['region', 'buyer_type', 'payment_type'] %}
{%- set added = ['orders_paid', 'units_paid', 'goods_paid', 'shipping_charged', 'tax', 'paid_amount', 'refunds', 'refund_goods', 'refund_amount',
    'refund_goods_cohort', 'refund_amount_cohort', 'unrated_sales', 'unrated_refunds'] %}

with

orders as (

    select
        platform,
        store_id,
        order_id,
        case when is_counted then buyer_key end as buyer_key,
        is_counted,
        paid_date,
        {%- for trait in traits %}
        coalesce(nullif(trim({{ trait }}), ''), 'unknown') as {{ trait }},
        {%- endfor %}
        units,
        goods_paid,
        shipping_charged,
        tax,
        paid_amount,
        refund_goods_cohort,
        refund_amount_cohort
    from {{ ref('fct_orders') }} as orders
    where paid_date is not null and exclude_reason is null

),

refunds as (

    select
        refunds.store_id,
        refunds.refund_date,
        {%- for trait in traits %}
        coalesce(orders.{{ trait }}, 'unknown') as {{ trait }},
        {%- endfor %}
        refunds.refund_goods,
        refunds.refund_amount
    from {{ ref('fct_refunds') }} as refunds
    left join orders
        on refunds.platform = orders.platform
        and refunds.store_id = orders.store_id
        and case when refunds.is_linked then refunds.order_id end = orders.order_id
    where refunds.is_counted
        {%- if only_changes() %}
        and {{ in_affected_dates('refunds.refund_date') }}
        {%- endif %}

),

-- Days first, each store alone: ALL and the periods are added up from these.
days as (
    {%- for trait in traits %}

    select
        '{{ trait }}' as trait,
        store_id,
        {{ trait }} as trait_value,
        paid_date as date_day,
        sum(case when is_counted then 1 else 0 end) as orders_paid,
        sum(units) as units_paid,
        sum(goods_paid) as goods_paid,
        sum(shipping_charged) as shipping_charged,
        sum(tax) as tax,
        sum(paid_amount) as paid_amount,
        0 as refunds,
        0 as refund_goods,
        0 as refund_amount,
        sum(refund_goods_cohort) as refund_goods_cohort,
        sum(refund_amount_cohort) as refund_amount_cohort,
        count(*) - count(paid_amount) as unrated_sales,
        0 as unrated_refunds
    from orders
    {%- if only_changes() %}
    where {{ in_affected_dates('orders.paid_date') }}
    {%- endif %}
    group by store_id, {{ trait }}, paid_date

    union all

    select
        '{{ trait }}', store_id, {{ trait }}, refund_date, 0, 0, 0, 0, 0, 0, count(*), sum(refund_goods), sum(refund_amount), 0, 0, 0,
        count(*) - count(refund_amount)
    from refunds
    group by store_id, {{ trait }}, refund_date
    {{ "union all" if not loop.last }}
    {%- endfor %}

),

summed as (

    select
        days.trait,
        spans.store_id,
        days.trait_value,
        spans.grain,
        spans.period_start,
        spans.span_days
        {%- for name in added %},
        coalesce(sum(days.{{ name }}), 0) as {{ name }}
        {%- endfor %}
    from (
        select * from days
        union all
        select trait, 'ALL' as store_id, trait_value, date_day
            {%- for name in added %}, {{ name }}{% endfor %}
        from days
    ) as days
    inner join {{ days_to_write() }} as spans
        on days.store_id = spans.store_id
        and days.date_day = spans.date_day
    group by days.trait, spans.store_id, days.trait_value, spans.grain, spans.period_start, spans.span_days

),

-- A buyer of two days is one buyer of the week: once a day first, then once a period. Numbers in place of names, within
-- this query only.
people as (

    select platform, buyer_key, cast(row_number() over (order by platform) as integer) as buyer_no
    from (select distinct platform, buyer_key from orders where buyer_key is not null) as named

),

spans as (

    select store_id, grain, period_start, span_days, cast(row_number() over (order by store_id) as integer) as span_no
    from (select distinct store_id, grain, period_start, span_days from {{ days_to_write() }}) as named

),

span_days as (

    select days.store_id, days.date_day, spans.span_no
    from {{ days_to_write() }} as days
    inner join spans
        on days.store_id = spans.store_id
        and days.grain = spans.grain
        and days.period_start = spans.period_start
        and days.span_days = spans.span_days

),

buyer_days as (

    select distinct
        orders.store_id,
        orders.paid_date as date_day,
        {%- for trait in traits %}
        orders.{{ trait }},
        {%- endfor %}
        people.buyer_no
    from orders
    inner join people on orders.platform = people.platform and orders.buyer_key = people.buyer_key
    {%- if only_changes() %}
    where {{ in_affected_dates('orders.paid_date') }}
    {%- endif %}

),

buyers as (
    {%- for trait in traits %}

    select '{{ trait }}' as trait, spans.store_id, counted.trait_value, spans.grain, spans.period_start, spans.span_days, counted.buyers
    from (
        select span_no, trait_value, count(*) as buyers
        from (
            select distinct span_days.span_no, days.{{ trait }} as trait_value, days.buyer_no
            from (
                select store_id, date_day, {{ trait }}, buyer_no from buyer_days
                union all
                select 'ALL', date_day, {{ trait }}, buyer_no from buyer_days
            ) as days
            inner join span_days
                on days.store_id = span_days.store_id
                and days.date_day = span_days.date_day
        ) as buyers_of_spans
        group by span_no, trait_value
    ) as counted
    inner join spans on counted.span_no = spans.span_no
    {{ "union all" if not loop.last }}
    {%- endfor %}

),

valued as (

    select
        summed.trait,
        summed.store_id,
        summed.trait_value,
        summed.grain,
        summed.period_start,
        summed.span_days,
        cast(summed.orders_paid as bigint) as orders_paid,
        cast(coalesce(buyers.buyers, 0) as bigint) as buyers,
        cast(summed.units_paid as decimal(18, 4)) as units_paid,
        cast(summed.refunds as bigint) as refunds,
        {%- for name in ['goods_paid', 'shipping_charged', 'tax', 'paid_amount', 'refund_goods_cohort', 'refund_amount_cohort'] %}
        {{ mart_money('summed.' ~ name, 'summed.unrated_sales = 0') }} as {{ name }},
        {%- endfor %}
        {%- for name in ['refund_goods', 'refund_amount'] %}
        {{ mart_money('summed.' ~ name, 'summed.unrated_refunds = 0') }} as {{ name }},
        {%- endfor %}
        {{ mart_money('summed.goods_paid - summed.refund_goods', 'summed.unrated_sales + summed.unrated_refunds = 0') }} as net_sales,
        {{ mart_money('summed.goods_paid - summed.refund_goods_cohort', 'summed.unrated_sales = 0') }} as net_sales_cohort,
        sum(summed.paid_amount) over (
            partition by summed.trait, summed.store_id, summed.grain, summed.period_start, summed.span_days
        ) as whole_paid_amount
    from summed
    left join buyers
        on summed.trait = buyers.trait
        and summed.store_id = buyers.store_id
        and summed.trait_value = buyers.trait_value
        and summed.grain = buyers.grain
        and summed.period_start = buyers.period_start
        and summed.span_days = buyers.span_days

)

select
    valued.*,
    {{ ratio('paid_amount', 'whole_paid_amount') }} as share_of_paid_amount,
    {{ ratio('paid_amount', 'orders_paid') }} as aov,
    {{ ratio('paid_amount', 'buyers') }} as spend_per_buyer,
    {{ ratio('refund_amount', 'paid_amount') }} as refund_rate_flow
from valued
