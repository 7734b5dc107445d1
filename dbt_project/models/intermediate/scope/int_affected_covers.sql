-- Periods whose days of cover look back at an affected day, of stores whose catalogue is known for as long. One row per store, grain
-- and period.
with

ends as (

    select store_id, grain, period_start, max(date_day) as last_day
    from {{ ref('int_span_days') }}
    where span_days = 0
    group by store_id, grain, period_start

)

select distinct ends.store_id, ends.grain, ends.period_start
from ends
inner join {{ ref('int_catalogues') }} as catalogues
    on ends.store_id = catalogues.store_id
    and ends.last_day between {{ add_days('catalogues.known_from', cover_days() - 1) }} and catalogues.known_through
inner join {{ ref('int_affected_spans') }} as affected
    on ends.store_id = affected.store_id
    and affected.grain = 'day'
    and affected.span_days = 0
    and affected.period_start between {{ add_days('ends.last_day', 1 - cover_days()) }} and ends.last_day
