-- The one SELECT behind margin_*: net sales, what the goods cost and what is left, in each span. A margin is shown where enough of the
-- sales has a cost, and is then that of those sales alone. Without any sales it is 0. On days of ads alone sales are null, not 0. Each
-- store and ALL. One row per store, level, item, grain, period and span.
{%- set sums = ['units_paid', 'net_sales', 'net_sales_with_cost', 'cogs', 'order_costs', 'unrated', 'uncosted',
    'orders_without_costs', 'days_read'] %}

with

days as (

    select
        store_id, level, item_id, date_day
        {%- for name in sums %}, {{ name }}{% endfor %}
    from {{ ref('int_margin_days') }}

    union all

    select
        'ALL' as store_id, days.level, days.item_id, days.date_day
        {%- for name in sums %}, case when {{ counts_in_all('days.date_day') }} then days.{{ name }} else 0 end{% endfor %}
    from {{ ref('int_margin_days') }} as days
    {{ joined_to_first_days('days') }}
    -- No products: their ids in two stores have nothing in common. The row of the store as such stays on every day, also without sales.
    where days.level = 'store' or (days.level = 'category' and {{ counts_in_all('days.date_day') }})

),

summed as (

    select
        days.store_id,
        days.level,
        days.item_id,
        spans.grain,
        spans.period_start,
        spans.span_days
        {%- for name in sums %},
        sum(days.{{ name }}) as {{ name }}
        {%- endfor %}
    from days
    inner join {{ ref('int_span_days') }} as spans
        on days.store_id = spans.store_id
        and days.date_day = spans.date_day
    group by days.store_id, days.level, days.item_id, spans.grain, spans.period_start, spans.span_days

),

known as (

    select
        summed.*,
        unrated = 0 and (level <> 'store' or days_read > 0) as is_known
    from summed

),

valued as (

    select
        store_id,
        level,
        item_id,
        grain,
        period_start,
        span_days,
        cast(case when level <> 'store' or days_read > 0 then units_paid end as decimal(18, 4)) as units_paid,
        {{ mart_money('net_sales', 'is_known') }} as net_sales_ex_tax,
        {{ mart_money('net_sales_with_cost', 'is_known') }} as net_sales_with_cost,
        {{ mart_money('cogs', 'is_known') }} as cogs,
        {{ mart_money('net_sales_with_cost - cogs', 'is_known and ' ~ is_covered('net_sales', 'net_sales_with_cost', 'uncosted')) }}
            as gross_margin,
        case
            when level = 'store' and orders_without_costs = 0
                then {{ mart_money('order_costs', 'is_known') }}
        end as order_costs
    from known

)

select
    *,
    {{ ratio('net_sales_with_cost', 'net_sales_ex_tax') }} as cost_coverage,
    -- Sales below 0 whose goods were kept are no sales to have a rate of: a loss of 600 on -20 is not a rate of 3,000 %.
    case when gross_margin is not null and sign(net_sales_with_cost) * sign(cogs) >= 0 then {{ ratio('gross_margin', 'net_sales_with_cost') }} end
        as gross_margin_rate,
    gross_margin - order_costs as cm2
from valued
