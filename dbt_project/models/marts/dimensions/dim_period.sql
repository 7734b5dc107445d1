-- The calendar table that turns a day into any period: join a fact's date to date_day, group by grain and period_start.
select
    spans.store_id,
    spans.grain,
    spans.period_start,
    days.date_day,
    spans.period_end,
    spans.days_in_period,
    cast(spans.days_elapsed as integer) as days_elapsed,
    spans.is_complete,
    spans.data_through_at,
    spans.is_orders_loaded,
    spans.is_traffic_loaded,
    spans.is_ads_loaded
from {{ ref('int_span_days') }} as days
inner join {{ ref('int_spans') }} as spans
    on days.store_id = spans.store_id
    and days.grain = spans.grain
    and days.period_start = spans.period_start
    and days.span_days = spans.span_days
where days.span_days = 0
