select
    store_id, metric, 'day' as grain, date_day as period_start, date_day as period_end, 1 as days_in_period,
    case when is_known then 1 else 0 end as days_elapsed, is_known as is_complete, data_through_at, month_start_date as month_start,
    comparable_date, phasing, is_known, currency,
    target, weight, phased_target, phased_target_to_date, actual, actual_to_date, attainment, pace, required_per_day, forecast,
    forecast_low, forecast_high
from {{ ref('int_target_mart') }}
