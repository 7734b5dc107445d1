-- The days of every promotion event and the 14 after it, numbered from its first selling day: 1 is the first day of the burst, 0
-- and below come before. A day that the calendar gives to two phases of an event has one row, of the phase that sells if one does
-- (int_told_in_vain reports it). One row per event and day.
{{ config(tags='settled') }}
with

phases as (

    select * from {{ ref('promo_calendar') }}

),

events as (

    select
        event_id,
        max(event) as event,
        max(event_name) as event_name,
        max(event_year) as event_year,
        max(compare_to) as compare_to,
        min(phase_start) as announced_from,
        min(case when phase in ('burst', 'return') then phase_start end) as event_start,
        max(case when phase in ('burst', 'return') then phase_end end) as event_end
    from phases
    group by event_id

),

told as (

    select phases.event_id, phases.phase, dates.date_day
    from phases
    inner join {{ ref('int_dates') }} as dates on dates.date_day between phases.phase_start and phases.phase_end

    union all

    select events.event_id, 'after', dates.date_day
    from events
    inner join {{ ref('int_dates') }} as dates
        on dates.date_day > events.event_end and dates.date_day <= {{ add_days('events.event_end', 14) }}

),

days as (

    select event_id, phase, date_day
    from (
        select
            *,
            row_number() over (
                partition by event_id, date_day
                order by
                    case phase when 'burst' then 1 when 'return' then 2 when 'warm_up' then 3 when 'presale' then 4 else 5 end
            ) as turn
        from told
    ) as ranked
    where turn = 1

),

-- A day of one event is in no baseline, and does not count among the days after another event.
promoted as (

    select date_day, min(event_id) as event_id from days where phase <> 'after' group by date_day

)

select
    events.event_id,
    events.event,
    events.event_name,
    events.event_year,
    nullif(events.compare_to, '') as compare_to,
    events.announced_from,
    events.event_start,
    events.event_end,
    days.date_day,
    days.phase,
    cast({{ days_between('events.event_start', 'days.date_day') }} + 1 as integer) as day_number,
    dates.iso_weekday,
    days.phase <> 'after' or promoted.event_id is null as is_measured
from days
inner join events on days.event_id = events.event_id
inner join {{ ref('int_dates') }} as dates on days.date_day = dates.date_day
left join promoted on days.date_day = promoted.date_day
