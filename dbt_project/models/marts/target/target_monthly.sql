-- Where no day is over yet, is_last_known marks the month's last day, of which only the plan is known.
select
    store_id, metric, 'month' as grain, month_start_date as period_start,
    {{ add_days('month_start_date', 'days_in_month - 1') }} as period_end,
    cast(days_in_month as integer) as days_in_period, cast(days_known as integer) as days_elapsed,
    days_known = days_in_month as is_complete, data_through_at, case when is_known then date_day end as known_through,
    phasing, is_known, currency, target, phased_target_to_date, actual_to_date, attainment, pace, required_per_day, forecast,
    forecast_low, forecast_high
from {{ ref('int_target_mart') }}
where is_last_known
