-- Every customer of the last 365 days at the end of a month, scored 1 to 5 by how many customers stand below; the last 13 whole months.
-- A score is 1 + the number of fifths of all customers that are strictly worse. So equal values have equal scores, and a store where
-- most customers bought once does not split them at random.
{{ config(**rebuilt([
    "{{ in_affected_rfm_months('held') }}",
    "not exists (select 1 from {{ ref('int_rfm_months') }} as months"
    " where months.store_id = held.store_id and months.period_start = held.period_start)",
])) }}
{%- set of_few_values = {'recency': 'last_paid_date', 'frequency': 'frequency'} %}

with

month_ends as (

    select
        store_id, period_start, period_end, data_through_at,
        cast(row_number() over (order by store_id, period_start) as integer) as month_no
    from {{ ref('int_rfm_months') }} as months
    {%- if only_changes() %}
    -- A month that is among the last 13 again, for a later one is not whole any more, has no rows.
    where {{ in_affected_rfm_months('months') }}
        or (months.store_id, months.period_start) not in (select distinct store_id, period_start from {{ this }})
    {%- endif %}

),

-- Months by number until all are scored: there are millions of customers.
customers as (

    select
        month_ends.month_no,
        orders.platform,
        orders.buyer_key,
        max(orders.paid_date) as last_paid_date,
        cast(count(*) as bigint) as frequency,
        min(orders.order_number) = 1 as has_first_order,
        cast(case when count(*) = count(orders.net_sales_cohort) then sum(orders.net_sales_cohort) end as decimal(18, 2)) as monetary
    from {{ ref('int_buyer_orders') }} as orders
    inner join month_ends
        on orders.store_id = month_ends.store_id
        and orders.paid_date between {{ add_days('month_ends.period_end', -364) }} and month_ends.period_end
    group by month_ends.month_no, orders.platform, orders.buyer_key

),

-- Days and numbers of orders have few values: those are put in order, not the customers.
{%- for name, value in of_few_values.items() %}
{{ name }}_scores as (

    select
        month_no,
        {{ value }},
        cast(1 + floor(5 * cast(
            sum(held_by) over (partition by month_no order by {{ value }}) - held_by as bigint
        ) / cast(sum(held_by) over (partition by month_no) as double)) as integer) as score
    from (select month_no, {{ value }}, count(*) as held_by from customers group by month_no, {{ value }}) as counted

),
{% endfor %}
scored as (

    select
        customers.*,
        {%- for name in of_few_values %}
        {{ name }}_scores.score as {{ name }}_score,
        {%- endfor %}
        cast(case
            when customers.monetary is not null
                then 1 + floor(5 * (rank() over (
                    partition by customers.month_no
                    order by customers.monetary nulls first
                ) - 1) / cast(count(*) over (partition by customers.month_no) as double))
        end as integer) as monetary_score
    from customers
    {%- for name, value in of_few_values.items() %}
    inner join {{ name }}_scores
        on customers.month_no = {{ name }}_scores.month_no
        and customers.{{ value }} = {{ name }}_scores.{{ value }}
    {%- endfor %}

)

select
    month_ends.store_id,
    'month' as grain,
    month_ends.period_start,
    month_ends.period_end,
    month_ends.data_through_at,
    '{{ var("reporting_currency") }}' as currency,
    platform,
    buyer_key,
    cast({{ days_between('scored.last_paid_date', 'month_ends.period_end') }} as bigint) as recency_days,
    frequency,
    monetary,
    recency_score,
    frequency_score,
    monetary_score,
    case
        when recency_score >= 4 and frequency_score >= 4 and monetary_score >= 4 then 'champion'
        when recency_score >= 3 and frequency_score >= 3 then 'loyal'
        when recency_score >= 4 and frequency = 1 and has_first_order then 'new'
        when recency_score >= 3 then 'promising'
        when frequency_score >= 4 and monetary_score >= 4 then 'at_risk'
        when frequency_score >= 3 then 'needs_attention'
        when recency_score = 2 then 'about_to_sleep'
        else 'asleep'
    end as segment
from scored
inner join month_ends on scored.month_no = month_ends.month_no
