-- The event that a date belongs to, and the day it is compared with: the day of the same number in the event that compare_to names.
-- Where two events have a date, it belongs to the one that began selling first. One row per date from an event's announcement to its
-- last day.
{{ config(tags='settled') }}
with

days as (

    select * from {{ ref('int_promo_days') }} where phase <> 'after'

),

chosen as (

    select *, row_number() over (partition by date_day order by event_start, event_id) as turn from days

)

select chosen.date_day, chosen.event_id, before.date_day as compare_date
from chosen
left join days as before
    on chosen.compare_to = before.event_id
    and chosen.day_number = before.day_number
where chosen.turn = 1
