-- The one SELECT behind region_*, buyer_type_* and payment_type_*: what was ordered, put down, sold and refunded by a trait of the order,
-- in each span. A refund follows its order; orders that do not say are 'unknown', never left out. One row per trait, store (and
-- ALL), value, grain, period and span.
{{ config(**rebuilt(["{{ in_affected_spans('held') }}"])) }}
{%- set traits = attribute_traits() %}
{%- set starts = {'day': 'dates.date_day', 'week': 'dates.week_start_date', 'month': 'dates.month_start_date'} %}
{%- set sales = ['list_amount', 'merchant_discount', 'platform_subsidy', 'goods_paid', 'shipping_charged', 'tax', 'paid_amount', 'gift_cards_sold'] %}
{%- set given_back = ['refund_goods_cohort', 'refund_amount_cohort'] %}
{%- set mature = {'paid_amount_mature': 'paid_amount', 'refund_amount_cohort_30d': 'refund_amount_within_30d'} %}
{%- set back = ['refund_goods', 'refund_shipping', 'refund_tax', 'refund_amount'] %}
{%- set created = {'orders_created': 'count(*)', 'orders_unpaid': 'count(*) - count(paid_date)', 'orders_created_paid': 'count(paid_date)'} %}
{%- set paid = {'orders_paid': 'sum(case when is_counted then 1 else 0 end)', 'units_paid': 'sum(units)', 'unrated_sales': 'count(*) - count(paid_amount)',
    'unrated_cohort': 'count(*) - count(paid_amount - refund_amount_cohort)',
    'unrated_cohort_30d': 'count(case when is_mature then 1 end) - count(case when is_mature then paid_amount - refund_amount_within_30d end)'} %}
{%- for outcome in ['cancelled', 'fully_refunded', 'partly_refunded'] %}
{%- do paid.update({'orders_' ~ outcome ~ '_cohort': "sum(case when is_counted and outcome = '" ~ outcome ~ "' then 1 else 0 end)"}) %}
{%- endfor %}
{%- for place in ['', '_all'] %}
{%- for name, value in {'first_orders': '1', 'first_order_amount': 'paid_amount'}.items() %}
{%- do paid.update({name ~ place: 'sum(case when buyer_order_number' ~ place ~ ' = 1 then ' ~ value ~ ' else 0 end)'}) %}
{%- endfor %}
{%- endfor %}
{%- for name in sales + given_back %}{% do paid.update({name: 'sum(' ~ name ~ ')'}) %}{% endfor %}
{%- for name, amount in mature.items() %}{% do paid.update({name: 'sum(case when is_mature then ' ~ amount ~ ' else 0 end)'}) %}{% endfor %}
{%- set returned = {'refunds': 'count(*)', 'refund_units': 'sum(refund_units)', 'unrated_refunds': 'count(*) - count(refund_amount)'} %}
{%- for name in back %}{% do returned.update({name: 'sum(' ~ name ~ ')'}) %}{% endfor %}
{%- set deposited = {} %}
{%- for name in ['deposit_received', 'deposit_forfeited', 'untold_received', 'untold_forfeited'] %}{% do deposited.update({name: 'sum(' ~ name ~ ')'}) %}{% endfor %}
{%- set redeemed = {'gift_cards_redeemed': 'sum(gift_cards_redeemed)'} %}
{%- set added = (created | list) + (paid | list) + (returned | list) + (deposited | list) + (redeemed | list) %}
{%- set counts = (created | list) + ['orders_paid', 'orders_cancelled_cohort', 'orders_fully_refunded_cohort',
    'orders_partly_refunded_cohort', 'first_orders', 'refunds'] %}
{%- set of_people = {'of': 'buyers', 'new_of': 'new_buyers', 'kept_of': 'new_buyers_kept', 'again_of': 'repeat_in_period_buyers',
    'back_of': 'returning_buyers_365d', 'new_amount_of': 'new_buyer_amount'} %}

with

-- Sales of the days to write. (`orders` has those of all days, because a refund takes the traits of its order.)
sold as (

    select
        orders.platform,
        orders.store_id,
        case when orders.is_counted then orders.buyer_key end as buyer_key,
        orders.is_counted,
        orders.paid_date,
        {{ traits_of_the_order('orders.') }},
        orders.outcome,
        orders.buyer_order_number,
        orders.buyer_order_number_all,
        orders.previous_paid_date,
        orders.previous_paid_date_all,
        orders.units,
        coalesce(orders.paid_date <= matured.mature_through, false) as is_mature,
        orders.refund_amount_within_30d,
        orders.{{ (sales + given_back) | join(', orders.') }}
    from {{ ref('fct_orders') }} as orders
    left join {{ ref('int_mature_days') }} as matured on orders.store_id = matured.store_id
    where orders.paid_date is not null and orders.exclude_reason is null
        {%- if only_changes() %}
        and {{ in_affected_dates('orders.paid_date') }}
        {%- endif %}

),

orders as (

    select platform, store_id, order_id, {{ traits_of_the_order() }}
    from {{ ref('fct_orders') }}
    where paid_date is not null and exclude_reason is null

),

refunds as (

    select
        refunds.store_id,
        refunds.refund_date,
        {%- for trait in traits %}
        coalesce(orders.{{ trait }}, 'unknown') as {{ trait }},
        {%- endfor %}
        refunds.refund_units
        {%- for name in back %},
        refunds.{{ name }}
        {%- endfor %}
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

placed as (

    select store_id, created_date, paid_date, {{ traits_of_the_order() }}
    from {{ ref('fct_orders') }} as orders
    where created_date is not null and exclude_reason is null
        {%- if only_changes() %}
        and {{ in_affected_dates('orders.created_date') }}
        {%- endif %}

),

-- A deposit is no sale. It counts on the day it was paid and, if it was forfeited, on the day the order ended. If the amount of one
-- deposit is unknown, so is the sum.
deposits as (
    {%- for moment, day in {'received': 'deposit_date', 'forfeited': 'forfeited_date'}.items() %}

    select
        store_id,
        {{ day }} as date_day,
        {{ traits_of_the_order() }},
        {%- for name in ['received', 'forfeited'] %}
        {{ 'deposit_' ~ name if name == moment else 0 }} as deposit_{{ name }},
        {{ 'case when deposit_' ~ name ~ ' is null then 1 else 0 end' if name == moment else 0 }} as untold_{{ name }}
        {{- "," if not loop.last }}
        {%- endfor %}
    from {{ ref('int_orders') }} as orders
    where exclude_reason is null and {{ day }} is not null
        {%- if only_changes() %}
        and {{ in_affected_dates('orders.' ~ day) }}
        {%- endif %}
    {{ "union all" if not loop.last }}
    {%- endfor %}

),

-- What was paid with the shop's own gift cards, if its platform tells (attribute_mart).
redeemed as (

    select store_id, paid_date, {{ traits_of_the_order() }}, gift_cards_redeemed
    from {{ ref('int_orders') }} as orders
    where is_paid and gift_cards_redeemed <> 0
        {%- if only_changes() %}
        and {{ in_affected_dates('orders.paid_date') }}
        {%- endif %}

),

-- Days first, each store alone: ALL and the periods are added up from these.
days as (
    {%- for trait in traits %}
    {%- set last_trait = loop.last %}
    {%- for events, day, sums in [('sold', 'paid_date', paid), ('refunds', 'refund_date', returned), ('placed', 'created_date', created),
        ('deposits', 'date_day', deposited), ('redeemed', 'paid_date', redeemed)] %}

    select
        '{{ trait }}' as trait,
        store_id,
        {{ trait }} as trait_value,
        {{ day }} as date_day
        {%- for name in added %},
        {{ sums.get(name, 0) }} as {{ name }}
        {%- endfor %}
    from {{ events }}
    group by store_id, {{ trait }}, {{ day }}
    {{ "union all" if not (last_trait and loop.last) }}
    {%- endfor %}
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
        -- A buyer's first order in a store need not be their first on the platform, so ALL takes the columns ending in _all.
        select days.trait, 'ALL' as store_id, days.trait_value, days.date_day
            {%- for name in added %}, days.{{ name ~ '_all' if name ~ '_all' in added else name }}{% endfor %}
        from days
        {{ joined_to_first_days('days') }}
        where {{ counts_in_all('days.date_day') }}
    ) as days
    inner join {{ days_to_write() }} as spans
        on days.store_id = spans.store_id
        and days.date_day = spans.date_day
    group by days.trait, spans.store_id, days.trait_value, spans.grain, spans.period_start, spans.span_days

),

-- Somebody who buys on two days is one buyer of the week. So each is counted on one day of the span: as a buyer on their first day in it
-- (as new if their very first order is in the span, as back if they had paid in the year before it), and as a repeat buyer on the day of
-- their second order in it. buyer_no stands for the buyer's key, within this query only.
people as (

    select platform, buyer_key, cast(row_number() over (order by platform) as integer) as buyer_no
    from (select distinct platform, buyer_key from sold where buyer_key is not null) as named

),

firsts as (

    select named.store_id, people.buyer_no, named.paid_date as first_day, named.outcome not in ('cancelled', 'fully_refunded') as is_kept
    from (
        select store_id, platform, buyer_key, paid_date, outcome from {{ ref('fct_orders') }} where buyer_order_number = 1
        union all
        select 'ALL' as store_id, orders.platform, orders.buyer_key, orders.paid_date, orders.outcome
        from {{ ref('fct_orders') }} as orders
        {{ joined_to_first_days('orders') }}
        where orders.buyer_order_number_all = 1 and {{ counts_in_all('orders.paid_date') }}
    ) as named
    inner join people on named.platform = people.platform and named.buyer_key = people.buyer_key

),

buyer_days as (

    select
        sold.store_id,
        sold.paid_date as date_day,
        {%- for trait in traits %}
        sold.{{ trait }},
        {%- endfor %}
        people.buyer_no,
        count(*) as orders,
        {{ added_up('sold.paid_amount') }} as paid_amount,
        min(coalesce(sold.previous_paid_date, cast('1900-01-01' as date))) as previous_paid_date,
        min(coalesce(sold.previous_paid_date_all, cast('1900-01-01' as date))) as previous_paid_date_all
    from sold
    inner join people on sold.platform = people.platform and sold.buyer_key = people.buyer_key
    group by sold.store_id, sold.paid_date, {% for trait in traits %}sold.{{ trait }}, {% endfor %}people.buyer_no

),

-- Adds the last day, with whatever trait, on which the buyer had paid before the day, week or month began.
dated as (

    select
        buyer_days.*
        {%- for grain, since in starts.items() %}
        {%- for scope in ['', '_all'] %}
        {%- set previous = 'buyer_days.previous_paid_date' ~ scope %},
        max(case when {{ previous }} < {{ since }} then {{ previous }} end) over (
            partition by {{ 'buyer_days.store_id, ' if not scope }}buyer_days.buyer_no order by buyer_days.date_day
        ) as before_{{ grain }}{{ scope }}
        {%- endfor %}
        {%- endfor %}
    from buyer_days
    inner join {{ ref('int_dates') }} as dates on buyer_days.date_day = dates.date_day

),

-- A buyer may have the same day twice (from two stores, or with two values of another trait). That day then comes after itself, and the
-- buyer is still counted once.
arrivals as (
    {%- set in_order = 'partition by store_id, trait_value, buyer_no order by date_day, orders' %}
    {%- for trait in traits %}
    {%- set last_trait = loop.last %}
    {%- for store in ['store_id', "'ALL'"] %}

    select
        '{{ trait }}' as trait, store_id, trait_value, buyer_no, date_day, orders, paid_amount,
        {%- for grain in starts %} before_{{ grain }},{% endfor %}
        lag(date_day) over ({{ in_order }}) as last_day,
        lag(date_day, 2) over ({{ in_order }}) as last_day_but_one,
        lag(orders) over ({{ in_order }}) as last_orders
    from (
        select
            {{ store if loop.last else 'dated.store_id' }} as store_id, dated.{{ trait }} as trait_value, dated.date_day,
            dated.buyer_no, dated.orders, dated.paid_amount
            {%- set of_all = '_all' if loop.last else '' %}
            {%- for grain in starts %}, dated.before_{{ grain ~ of_all }} as before_{{ grain }}{% endfor %}
        from dated
        {%- if loop.last %}
        {{ joined_to_first_days('dated') }}
        where {{ counts_in_all('dated.date_day') }}
        {%- endif %}
    ) as named
    {{ "union all" if not (last_trait and loop.last) }}
    {%- endfor %}
    {%- endfor %}

),

arrived as (

    select arrivals.trait, arrivals.store_id, arrivals.trait_value, arrivals.date_day
        {%- for grain, since in starts.items() %},
        {%- set arrives = '(last_day is null or last_day < ' ~ since ~ ')' %}
        count(case when {{ arrives }} then 1 end) as of_{{ grain }},
        count(case when {{ arrives }} and firsts.first_day >= {{ since }} then 1 end) as new_of_{{ grain }},
        count(case when {{ arrives }} and firsts.first_day >= {{ since }} and firsts.is_kept then 1 end) as kept_of_{{ grain }},
        count(case
            when {{ arrives }} then case when arrivals.orders > 1 then 1 end
            when (last_day_but_one is null or last_day_but_one < {{ since }}) and last_orders = 1 then 1
        end) as again_of_{{ grain }},
        count(case when {{ arrives }} and before_{{ grain }} >= {{ add_days(since, -365) }} then 1 end) as back_of_{{ grain }},
        sum(case when firsts.first_day >= {{ since }} then arrivals.paid_amount else 0 end) as new_amount_of_{{ grain }}
        {%- endfor %}
    from arrivals
    inner join {{ ref('int_dates') }} as dates on arrivals.date_day = dates.date_day
    left join firsts on arrivals.store_id = firsts.store_id and arrivals.buyer_no = firsts.buyer_no
    group by arrivals.trait, arrivals.store_id, arrivals.trait_value, arrivals.date_day

),

buyers as (

    select
        arrived.trait,
        arrived.store_id,
        arrived.trait_value,
        days.grain,
        days.period_start,
        days.span_days,
        {%- for count, name in of_people.items() %}
        sum(case days.grain
            {%- for grain in starts %} when '{{ grain }}' then {{ count }}_{{ grain }}{% endfor %} end) as {{ name }}
        {{- "," if not loop.last }}
        {%- endfor %}
    from arrived
    inner join {{ days_to_write() }} as days
        on arrived.store_id = days.store_id
        and arrived.date_day = days.date_day
    group by arrived.trait, arrived.store_id, arrived.trait_value, days.grain, days.period_start, days.span_days

),

valued as (

    select
        summed.trait,
        summed.store_id,
        summed.trait_value,
        summed.grain,
        summed.period_start,
        summed.span_days,
        {%- for name in counts %}
        cast(summed.{{ name }} as bigint) as {{ name }},
        {%- endfor %}
        {%- for name in of_people.values() if name != 'new_buyer_amount' %}
        cast(coalesce(buyers.{{ name }}, 0) as bigint) as {{ name }},
        {%- endfor %}
        {%- for name in ['units_paid', 'refund_units'] %}
        cast(summed.{{ name }} as decimal(18, 4)) as {{ name }},
        {%- endfor %}
        {%- for name in sales + ['paid_amount_mature', 'first_order_amount', 'gift_cards_redeemed'] %}
        {{ mart_money('summed.' ~ name, 'summed.unrated_sales = 0') }} as {{ name }},
        {%- endfor %}
        {%- for name in given_back %}
        {{ mart_money('summed.' ~ name, 'summed.unrated_cohort = 0') }} as {{ name }},
        {%- endfor %}
        {{ mart_money('summed.refund_amount_cohort_30d', 'summed.unrated_cohort_30d = 0') }} as refund_amount_cohort_30d,
        {%- for name in back %}
        {{ mart_money('summed.' ~ name, 'summed.unrated_refunds = 0') }} as {{ name }},
        {%- endfor %}
        {%- for name in ['received', 'forfeited'] %}
        {{ mart_money('summed.deposit_' ~ name, 'summed.untold_' ~ name ~ ' = 0') }} as deposit_{{ name }},
        {%- endfor %}
        {{ mart_money('coalesce(buyers.new_buyer_amount, 0)', 'summed.unrated_sales = 0') }} as new_buyer_amount,
        {{ mart_money('summed.paid_amount + summed.platform_subsidy', 'summed.unrated_sales = 0') }} as merchant_receivable,
        {{ mart_money('summed.goods_paid - summed.refund_goods', 'summed.unrated_sales + summed.unrated_refunds = 0') }} as net_sales,
        {{ mart_money('summed.goods_paid - summed.refund_goods_cohort', 'summed.unrated_cohort = 0') }} as net_sales_cohort,
        case when sum(summed.unrated_sales) over all_values = 0 then sum(summed.paid_amount) over all_values end as whole_paid_amount
    from summed
    left join buyers
        on summed.trait = buyers.trait
        and summed.store_id = buyers.store_id
        and summed.trait_value = buyers.trait_value
        and summed.grain = buyers.grain
        and summed.period_start = buyers.period_start
        and summed.span_days = buyers.span_days
    window all_values as (partition by summed.trait, summed.store_id, summed.grain, summed.period_start, summed.span_days)

)

select
    valued.*,
    buyers - new_buyers as returning_buyers,
    {{ ratio('paid_amount', 'whole_paid_amount') }} as share_of_paid_amount,
    {{ ratio('orders_created_paid', 'orders_created') }} as pay_rate_created_cohort,
    {{ ratio('merchant_discount', 'list_amount') }} as discount_rate,
    {{ ratio('goods_paid', 'units_paid') }} as avg_unit_price,
    {{ ratio('units_paid', 'orders_paid') }} as units_per_order,
    {{ ratio('paid_amount', 'orders_paid') }} as aov,
    {{ ratio('paid_amount', 'buyers') }} as spend_per_buyer,
    {{ ratio('refund_amount', 'paid_amount') }} as refund_rate_flow,
    {{ ratio('refund_amount_cohort_30d', 'paid_amount_mature') }} as refund_rate_cohort_30d
from valued
