{{ config(tags='settled') }}
select
    event_id,
    max(event) as event,
    max(event_name) as event_name,
    cast(max(event_year) as integer) as event_year,
    max(compare_to) as compare_to,
    max(announced_from) as announced_from,
    max(event_start) as event_start,
    max(event_end) as event_end,
    min(case when phase = 'presale' then date_day end) as presale_start,
    max(case when phase = 'presale' then date_day end) as presale_end,
    min(case when phase = 'warm_up' then date_day end) as warm_up_start,
    max(case when phase = 'warm_up' then date_day end) as warm_up_end,
    min(case when phase = 'burst' then date_day end) as burst_start,
    max(case when phase = 'burst' then date_day end) as burst_end,
    min(case when phase = 'return' then date_day end) as return_start,
    max(case when phase = 'return' then date_day end) as return_end
from {{ ref('int_promo_days') }}
group by event_id
