-- The days of every span: what a fact joins to be counted in it. One row per store, grain, period, span and day.
select
    spans.store_id,
    spans.grain,
    spans.period_start,
    spans.span_days,
    calendar.date_day
from {{ ref('int_spans') }} as spans
inner join {{ ref('int_period_days') }} as periods
    on spans.grain = periods.grain
    and spans.period_start = periods.period_start
    and (spans.span_days = 0 or periods.day_number <= spans.span_days)
inner join {{ ref('int_store_calendar') }} as calendar
    on spans.store_id = calendar.store_id
    and periods.date_day = calendar.date_day
