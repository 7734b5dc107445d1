-- Periods for which a store's catalogue is known on every day. cover_from is the first of the 28 days up to the period's end: their sales
-- say how long a stock will last, if catalogue and orders are known for all of them. One row per store, grain and period.
with

known as (

    select
        days.store_id,
        days.grain,
        days.period_start,
        max(days.date_day) as last_day,
        {{ add_days('max(days.date_day)', -27) }} as cover_from,
        catalogues.known_from
    from {{ ref('int_span_days') }} as days
    inner join {{ ref('int_catalogues') }} as catalogues
        on days.store_id = catalogues.store_id
        and days.period_start >= catalogues.known_from
    where days.span_days = 0
    group by days.store_id, days.grain, days.period_start, catalogues.known_from, catalogues.known_through
    having max(days.date_day) <= catalogues.known_through

)

select
    known.store_id,
    known.grain,
    known.period_start,
    known.last_day,
    known.cover_from,
    count(days.date_day) = 28 as is_cover_known
from known
left join {{ ref('int_store_calendar') }} as days
    on known.store_id = days.store_id
    and days.date_day between known.cover_from and known.last_day
    and days.date_day >= known.known_from
    and days.is_orders_loaded
group by known.store_id, known.grain, known.period_start, known.last_day, known.cover_from
