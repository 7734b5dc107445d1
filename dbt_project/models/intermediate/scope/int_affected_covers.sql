-- Periods whose days of cover look back at an affected day. One row per store, grain and period.
select distinct periods.store_id, periods.grain, periods.period_start
from {{ ref('int_catalogue_periods') }} as periods
inner join {{ ref('int_affected_spans') }} as affected
    on periods.store_id = affected.store_id
    and affected.grain = 'day'
    and affected.span_days = 0
    and affected.period_start between periods.cover_from and periods.last_day
