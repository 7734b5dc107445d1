-- The days of the affected spans. One row per store (and ALL), grain, period, span and day.
select days.store_id, days.grain, days.period_start, days.span_days, days.date_day
from {{ ref('int_span_days') }} as days
where {{ in_affected_spans('days') }}
