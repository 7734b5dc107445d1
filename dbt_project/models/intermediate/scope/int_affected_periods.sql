-- Periods whose rows in the marts are written anew: affected ones, and those that are compared with an affected one (a day of an event
-- with that of an earlier event, too). One row per store (and ALL), grain and period.
select store_id, grain, period_start
from {{ ref('int_affected_spans') }}

union

select spans.store_id, spans.grain, spans.period_start
from {{ ref('int_spans') }} as spans
inner join {{ ref('int_affected_spans') }} as affected
    on spans.store_id = affected.store_id
    and spans.grain = affected.grain
    and affected.period_start in (spans.prev_period_start, spans.yoy_period_start)

union

select affected.store_id, affected.grain, events.date_day
from {{ ref('int_affected_spans') }} as affected
inner join {{ ref('int_event_days') }} as events
    on affected.grain = 'day'
    and affected.period_start = events.compare_date
