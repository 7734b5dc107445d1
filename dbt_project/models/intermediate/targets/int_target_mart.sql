-- target_daily and target_monthly: how far each month with a target has come by the end of each day. For days that are not over only the
-- plan is known. One row per store, metric and day.
{{ config(materialized='view') }}
{%- set forecast %}case
        when is_known and day_number = days_in_month then cast(actual_to_date as double)
        when is_known and weight_to_date > 0 then cast(actual_to_date as double) / cast(weight_to_date as double)
    end{% endset %}

with

running as (

    select
        days.*,
        sum(days.weight) over until_then as weight_to_date,
        cast(days.target * sum(days.weight) over until_then as decimal(18, 2)) as phased_to_date,
        sum(days.actual) over until_then as actual_to_date,
        -- Of the days with a weight: their number, their sum, and the sum of squares by which to tell how far they lie from the pace.
        count(case when days.weight > 0 then days.actual end) over until_then as days_weighed,
        sum(case when days.weight > 0 then cast(days.actual as double) end) over until_then as actual_weighed,
        sum(case when days.weight > 0 then cast(days.actual as double) * cast(days.actual as double) / days.weight end) over until_then
            as actual_squared,
        -- The first day that is not known. Nothing is told from it on, because every later sum would miss that day.
        min(case when days.actual is null then days.date_day end) over (
            partition by days.store_id, days.metric, days.month_start_date
        ) as first_unknown_date,
        row_number() over until_then as day_number
    from {{ ref('int_target_days') }} as days
    window until_then as (
        partition by days.store_id, days.metric, days.month_start_date
        order by days.date_day
        rows between unbounded preceding and current row
    )

),

known as (

    select
        *,
        -- How far the forecast may be off. A day scatters about the pace by the square root of its weight. So the rest of the month
        -- scatters by the rest of its weight, and the pace itself by the weight it was measured on. 1.645 standard deviations to either
        -- side hold nine months of ten.
        case when days_weighed >= 7 and (first_unknown_date is null or date_day < first_unknown_date) then 1.645 * sqrt(
            greatest(actual_squared - actual_weighed * actual_weighed / weight_to_date, 0) / (days_weighed - 1)
            * greatest(1 - weight_to_date, 0) / weight_to_date
        ) end as spread,
        first_unknown_date is null or date_day < first_unknown_date as is_known,
        lag(phased_to_date) over (partition by store_id, metric, month_start_date order by date_day) as phased_before
    from running

)

select
    store_id,
    metric,
    date_day,
    month_start_date,
    comparable_date,
    phasing,
    is_known,
    days_in_month,
    case when is_known then day_number else 0 end as days_known,
    case when is_known then data_through_at end as data_through_at,
    '{{ var("reporting_currency") }}' as currency,
    cast(target as decimal(18, 2)) as target,
    round(weight, 8) as weight,
    -- The difference of the plan to date and that of the day before, so that the days add up to the target to the cent.
    cast(phased_to_date - coalesce(phased_before, 0) as decimal(18, 2)) as phased_target,
    phased_to_date as phased_target_to_date,
    cast(case when is_known then actual end as decimal(18, 2)) as actual,
    cast(case when is_known then actual_to_date end as decimal(18, 2)) as actual_to_date,
    case when is_known then {{ ratio('actual_to_date', 'target') }} end as attainment,
    case when is_known then {{ ratio('actual_to_date', 'phased_to_date') }} end as pace,
    cast(case
        when is_known and day_number < days_in_month
            then cast(target - actual_to_date as double) / (days_in_month - day_number)
    end as decimal(18, 2)) as required_per_day,
    cast({{ forecast }} as decimal(18, 2)) as forecast,
    -- Only net sales can still fall below what was reached (by refunds).
    cast(case
        when spread is not null and metric = 'net_sales' then {{ forecast }} - spread
        when spread is not null then greatest({{ forecast }} - spread, cast(actual_to_date as double))
    end as decimal(18, 2)) as forecast_low,
    cast({{ forecast }} + spread as decimal(18, 2)) as forecast_high,
    row_number() over (
        partition by store_id, metric, month_start_date order by case when is_known then 0 else 1 end, date_day desc
    ) = 1 as is_last_known
from known
