-- What platforms told that they settled with each store, by the store's day in which the statement was made: what affiliates had of it,
-- and what the platform took. An order is settled weeks after it was paid. is_settled says whether the day's statements are read, of ALL
-- whether those of every store are. One row per store (and ALL) and day with orders read.
with

settled as (

    select
        told.store_id,
        {{ store_date('told.settled_at', 'zones.time_zone') }} as date_day,
        told.currency,
        sum(told.affiliate_commission) as affiliate_commission,
        sum(told.fees_platform) as fees_platform
    from (
        {{ union_staging('settlements') }}
    ) as told
    left join {{ ref('int_store_zones') }} as zones
        on told.store_id = zones.store_id
        and told.settled_at >= zones.valid_from_at
        and told.settled_at < zones.valid_until_at
    group by told.store_id, {{ store_date('told.settled_at', 'zones.time_zone') }}, told.currency

),

converted as (

    select
        settled.store_id,
        settled.date_day,
        {%- for name in ['affiliate_commission', 'fees_platform'] %}
        sum({{ converted('settled.' ~ name, 'rates.rate_to_reporting') }}) as {{ name }},
        {%- endfor %}
        sum(case when rates.rate_to_reporting is null then 1 else 0 end) as unrated_settlements
    from settled
    left join {{ ref('int_fx_rates') }} as rates
        on settled.currency = rates.currency
        and settled.date_day = rates.date_day
    group by settled.store_id, settled.date_day

),

store_days as (

    select
        calendar.store_id,
        calendar.date_day,
        case
            -- The first whole day of the read, and the last one.
            when calendar.date_day > {{ local_date("stores.settlements_from_at - interval 1 second", 'stores.time_zone') }}
                and calendar.date_day < {{ local_date('stores.settlements_through_at', 'stores.time_zone') }} then 1
            else 0
        end as is_settled,
        coalesce(converted.affiliate_commission, 0) as affiliate_commission,
        coalesce(converted.fees_platform, 0) as fees_platform,
        coalesce(converted.unrated_settlements, 0) as unrated_settlements
    from {{ ref('int_store_calendar') }} as calendar
    inner join {{ ref('int_stores') }} as stores on calendar.store_id = stores.store_id
    left join converted
        on calendar.store_id = converted.store_id
        and calendar.date_day = converted.date_day
    where calendar.store_id <> 'ALL' and calendar.has_orders

)

select store_id, date_day, is_settled, affiliate_commission, fees_platform, unrated_settlements
from store_days

union all

select
    'ALL' as store_id,
    store_days.date_day,
    min(store_days.is_settled) as is_settled,
    sum(store_days.affiliate_commission) as affiliate_commission,
    sum(store_days.fees_platform) as fees_platform,
    sum(store_days.unrated_settlements) as unrated_settlements
from store_days
{{ joined_to_first_days('store_days') }}
where {{ counts_in_all('store_days.date_day') }}
group by store_days.date_day
