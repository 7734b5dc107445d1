-- All 24 hours of a peak day are there, and come to what the store, or ALL, was paid on that day; so does the last running sum.
with

hours as (

    select
        event_id,
        store_id,
        date_day,
        count(*) as hours,
        sum(orders_paid) as orders_paid,
        case when count(*) = count(paid_amount) then sum(paid_amount) end as paid_amount,
        max(case when hour_of_day = 23 then orders_paid_so_far end) as orders_paid_by_midnight,
        max(case when hour_of_day = 23 then paid_amount_so_far end) as paid_amount_by_midnight
    from {{ ref('promo_event_hourly') }}
    group by event_id, store_id, date_day

)

select events.event_id, events.store_id, hours.date_day
from {{ ref('promo_event') }} as events
left join hours on events.event_id = hours.event_id and events.store_id = hours.store_id
left join {{ ref('store_daily') }} as daily on hours.store_id = daily.store_id and hours.date_day = daily.period_start
where hours.event_id is null
    or hours.hours <> 24
    {%- for name in ['orders_paid', 'paid_amount'] %}
    or hours.{{ name }} is distinct from daily.{{ name }}
    or hours.{{ name }}_by_midnight is distinct from daily.{{ name }}
    {%- endfor %}
