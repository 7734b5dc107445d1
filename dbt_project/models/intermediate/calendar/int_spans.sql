-- Every period of every store, and the earlier periods it is compared with. A span is the part of a period that is looked at: span_days
-- = 0 is the whole period as far as it is known, span_days = n its first n days. A period that is not over is compared by its whole days:
-- they and as many first days of the earlier period. If its first day is not whole, it is compared with nothing. One row per store, grain,
-- period and span.
with

-- Of ALL it is told what was paid with gift cards only if each of its stores tells it.
gift_cards as (

    select store_id, coalesce(tells_gift_cards, false) as is_told
    from {{ ref('int_stores') }}

    union all

    select 'ALL' as store_id, coalesce(min(case when tells_gift_cards then 1 else 0 end) = 1, false)
    from {{ ref('int_stores') }}
    where has_orders

),

days as (

    select
        calendar.store_id,
        periods.grain,
        periods.period_start,
        periods.period_end,
        periods.days_in_period,
        periods.day_number,
        periods.prev_period_start,
        periods.yoy_period_start,
        periods.yoy_date_period_start,
        calendar.date_day,
        calendar.is_orders_loaded,
        calendar.is_traffic_loaded,
        calendar.is_ads_loaded,
        calendar.is_reviews_loaded,
        coalesce(gift_cards.is_told, false) as is_gift_cards_redeemed_loaded,
        calendar.has_orders,
        calendar.has_traffic,
        calendar.has_ads,
        calendar.is_complete,
        calendar.is_traffic_of_all,
        calendar.stores_loaded,
        calendar.history_from,
        calendar.data_through_at
    from {{ ref('int_store_calendar') }} as calendar
    inner join {{ ref('int_period_days') }} as periods on calendar.date_day = periods.date_day
    left join gift_cards on calendar.store_id = gift_cards.store_id

),

wholes as (

    select
        store_id,
        grain,
        period_start,
        max(period_end) as period_end,
        max(days_in_period) as days_in_period,
        max(prev_period_start) as prev_period_start,
        max(yoy_period_start) as yoy_period_start,
        max(yoy_date_period_start) as yoy_date_period_start,
        count(*) as days,
        sum(case when is_complete then 1 else 0 end) as days_elapsed,
        -- The number of whole days, if they are the first ones of the period without a gap; else 0.
        case
            when sum(case when is_complete then 1 else 0 end) = max(case when is_complete then day_number else 0 end)
                then max(case when is_complete then day_number else 0 end)
            else 0
        end as whole_days,
        min(case when is_orders_loaded then 1 else 0 end) = 1 and count(*) > 0 as is_orders_loaded,
        min(case when is_traffic_loaded then 1 else 0 end) = 1 as is_traffic_loaded,
        min(case when is_ads_loaded then 1 else 0 end) = 1 as is_ads_loaded,
        min(case when is_reviews_loaded then 1 else 0 end) = 1 as is_reviews_loaded,
        min(case when is_gift_cards_redeemed_loaded then 1 else 0 end) = 1 as is_gift_cards_redeemed_loaded,
        max(case when has_orders then 1 else 0 end) = 1 as has_orders,
        max(case when has_traffic then 1 else 0 end) = 1 as has_traffic,
        max(case when has_ads then 1 else 0 end) = 1 as has_ads,
        min(case when is_traffic_of_all then 1 else 0 end) = 1 as is_traffic_of_all,
        max(stores_loaded) as stores_loaded,
        max(history_from) as history_from,
        max(data_through_at) as data_through_at
    from days
    group by store_id, grain, period_start

),

compared as (

    select
        own.*,
        case
            when own.whole_days = 0 then null
            when own.whole_days = own.days_in_period then prev.days_in_period
            when own.whole_days < prev.days_in_period then own.whole_days
            else prev.days_in_period
        end as prev_days,
        prev.days_in_period as prev_days_in_period,
        prev.whole_days as prev_whole_days,
        case
            when own.whole_days = 0 then null
            when own.whole_days = own.days_in_period then yoy.days_in_period
            when own.whole_days < yoy.days_in_period then own.whole_days
            else yoy.days_in_period
        end as yoy_days,
        yoy.days_in_period as yoy_days_in_period,
        yoy.whole_days as yoy_whole_days,
        coalesce(own.whole_days > 0 and yoy_date.whole_days > 0, false) as has_yoy_date
    from wholes as own
    left join wholes as prev
        on own.store_id = prev.store_id and own.grain = prev.grain and own.prev_period_start = prev.period_start
    left join wholes as yoy
        on own.store_id = yoy.store_id and own.grain = yoy.grain and own.yoy_period_start = yoy.period_start
    left join wholes as yoy_date
        on own.store_id = yoy_date.store_id and own.grain = yoy_date.grain
        and own.yoy_date_period_start = yoy_date.period_start

),

keyed as (

    select
        compared.*,
        -- The span by which the period is compared: the period itself (0), unless one of its days was read only in part.
        case when whole_days = days then 0 else whole_days end as own_span_days,
        case
            when prev_days > prev_whole_days then null
            when prev_days = prev_days_in_period then 0
            else prev_days
        end as prev_span_days,
        case
            when yoy_days > yoy_whole_days then null
            when yoy_days = yoy_days_in_period then 0
            else yoy_days
        end as yoy_span_days
    from compared

),

parts as (

    select store_id, grain, period_start, own_span_days as span_days from keyed where own_span_days > 0
    union
    select store_id, grain, prev_period_start, prev_span_days from keyed where prev_span_days > 0
    union
    select store_id, grain, yoy_period_start, yoy_span_days from keyed where yoy_span_days > 0

)

select
    store_id,
    grain,
    period_start,
    0 as span_days,
    period_end,
    days_in_period,
    days_elapsed,
    days_elapsed = days_in_period as is_complete,
    is_orders_loaded,
    is_traffic_loaded,
    is_ads_loaded,
    is_reviews_loaded,
    is_gift_cards_redeemed_loaded,
    has_orders,
    has_traffic,
    has_ads,
    is_traffic_of_all,
    stores_loaded,
    history_from,
    data_through_at,
    own_span_days,
    case when prev_span_days is not null then prev_period_start end as prev_period_start,
    prev_span_days,
    case when yoy_span_days is not null then yoy_period_start end as yoy_period_start,
    yoy_span_days,
    case when has_yoy_date then yoy_date_period_start end as yoy_date_period_start
from keyed

union all

select
    parts.store_id,
    parts.grain,
    parts.period_start,
    parts.span_days,
    max(days.period_end) as period_end,
    max(days.days_in_period) as days_in_period,
    parts.span_days as days_elapsed,
    false as is_complete,
    min(case when days.is_orders_loaded then 1 else 0 end) = 1 as is_orders_loaded,
    min(case when days.is_traffic_loaded then 1 else 0 end) = 1 as is_traffic_loaded,
    min(case when days.is_ads_loaded then 1 else 0 end) = 1 as is_ads_loaded,
    min(case when days.is_reviews_loaded then 1 else 0 end) = 1 as is_reviews_loaded,
    min(case when days.is_gift_cards_redeemed_loaded then 1 else 0 end) = 1 as is_gift_cards_redeemed_loaded,
    max(case when days.has_orders then 1 else 0 end) = 1 as has_orders,
    max(case when days.has_traffic then 1 else 0 end) = 1 as has_traffic,
    max(case when days.has_ads then 1 else 0 end) = 1 as has_ads,
    min(case when days.is_traffic_of_all then 1 else 0 end) = 1 as is_traffic_of_all,
    max(days.stores_loaded) as stores_loaded,
    max(days.history_from) as history_from,
    max(days.data_through_at) as data_through_at,
    cast(null as integer) as own_span_days,
    cast(null as date) as prev_period_start,
    cast(null as integer) as prev_span_days,
    cast(null as date) as yoy_period_start,
    cast(null as integer) as yoy_span_days,
    cast(null as date) as yoy_date_period_start
from parts
inner join days
    on parts.store_id = days.store_id
    and parts.grain = days.grain
    and parts.period_start = days.period_start
    and days.day_number <= parts.span_days
group by parts.store_id, parts.grain, parts.period_start, parts.span_days
